"""The wheel alone, without the checkout and without Node, serves the same pages."""

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.e2e_web.conftest import _free_port, _wait_until_ready
from tests.log_guard import guard

pytestmark = pytest.mark.django_db(transaction=True)
CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the wheel holds."""
    folder = tmp_path_factory.mktemp("wheel")
    build = ["wheel", str(CHECKOUT), "--no-deps", "--no-build-isolation", "--quiet", "--wheel-dir"]
    subprocess.run([sys.executable, "-m", "pip", *build, str(folder)], check=True)
    (wheel,) = folder.glob("hirocrm-*.whl")
    with zipfile.ZipFile(wheel) as file:
        file.extractall(folder / "unpacked")
    return folder / "unpacked"


@pytest.fixture
def address(unpacked: Path, django_db_setup: None) -> Iterator[str]:
    """A web server that runs from the wheel's files, with nothing but them before the dependencies."""
    from django.db import connection

    base = urlsplit(os.environ["DATABASE_URL"])
    url = base._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    environment = {
        **os.environ, "DATABASE_URL": url, "HIROCRM_BASE_URL": address, "PATH": "", "PYTHONPATH": str(unpacked)
    }  # fmt: skip
    command = [sys.executable, "-m", "hirocrm.cli", "web", "--port", str(port)]
    with guard.new_file().open("wb") as log:
        process = subprocess.Popen(
            command, env=environment, cwd=unpacked, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        _wait_until_ready(f"{address}/healthz", process)
        yield address
    finally:
        process.terminate()
        process.wait(15)


def test_serves_pages_with_everything_they_name(address):
    with urlopen(f"{address}/accounts/login/") as page:  # noqa: S310  # our own loopback address
        text = page.read().decode()
    files = set(re.findall(r'(?:href|src)="(/[^"]+\.(?:js|css|svg|woff2))', text))

    kinds = {Path(name).suffix for name in files}
    statuses = {urlopen(address + name).status for name in files}  # noqa: S310  # our own loopback address

    assert "Sign in" in text
    assert kinds >= {".js", ".css", ".svg"}
    assert statuses == {200}


def test_holds_every_template(unpacked):
    source = CHECKOUT / "src"
    templates = [path.relative_to(source) for path in source.rglob("templates/**/*.html")]

    assert [path for path in templates if not (unpacked / path).is_file()] == []
    assert templates
