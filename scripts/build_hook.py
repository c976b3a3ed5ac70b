"""Runs when a wheel or an sdist is built: a checkout without the browser's files builds them first.

Without this, `pip wheel .` on a bare clone would give a wheel that serves pages without styles or scripts.
"""

import os
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# What pip sets for the build it runs; a pip started by `make` would take it for its own.
PIPS_OWN = ("PYTHONPATH", "PYTHONNOUSERSITE", "PIP_BUILD_TRACKER")


class AssetsHook(BuildHookInterface):  # type: ignore[type-arg]  # hatchling's parameter is its own configuration
    """Make what the package must hold and git doesn't."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002  # hatchling's signature
        """Run `make assets`, unless they are there or only an editable install is wanted.

        Raises:
            RuntimeError: they can't be built here.
        """
        root = Path(self.root)
        if version == "editable" or (root / "src/hirocrm/web/assets/manifest.json").is_file():
            return
        environment = {name: value for name, value in os.environ.items() if name not in PIPS_OWN}
        self.app.display_waiting("Building the browser's files …")
        try:
            subprocess.run(["make", "assets"], cwd=root, env=environment, check=True)
        except (OSError, subprocess.CalledProcessError) as failure:
            raise RuntimeError(
                "The browser's files aren't built, and `make assets` failed: run it to see why."
            ) from failure
