"""What `hirocrm doctor` looks at, in order; each check is one function that returns findings."""

from hirocrm.cli.checks.findings import Finding
from hirocrm.cli.checks.runner import run_checks

__all__ = ["Finding", "run_checks"]
