"""The launcher as root: the only way in which an install by root reaches its own files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hirocrm.config.embedded_postgres import launcher

NOBODY = "65534"
# What initdb and postgres do before they start: look at their own file with access(2).
LOOKS_AT_ITSELF = (
    '#!/bin/sh\ntest -r "$0" && test -x "$0" && id -u && grep CapEff /proc/self/status\n'
)

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="capabilities are Linux's"),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else"),
]


def run_in(folder: Path) -> subprocess.CompletedProcess[str]:
    """The launcher's program, from `folder`, as nobody."""
    program = folder / "program"
    program.write_text(LOOKS_AT_ITSELF)
    program.chmod(0o755)
    launched = [sys.executable, "-I", "-S", launcher.__file__, NOBODY, NOBODY, "0", "0"]
    return subprocess.run(
        [*launched, str(folder), str(program)], capture_output=True, text=True, check=False
    )


class TestLauncher:
    def test_reaches_a_program_in_a_folder_closed_to_others(self, tmp_path: Path) -> None:
        folder = tmp_path / "checkout"
        folder.mkdir()
        tmp_path.chmod(0o700)

        done = run_in(folder)

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.split() == [
            NOBODY,
            "CapEff:",
            f"{1 << launcher.CAP_DAC_READ_SEARCH:016x}",
        ]
