"""`hirocrm doctor`: what is wrong, and what to do about it."""

import json
import sys
from typing import Annotated

import typer


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check database, keys, model, app, tokens, webhooks, clock and disk."""
    from hirocrm.cli.checks import run_checks
    from hirocrm.cli.refusals import EXIT_FAILED

    findings = run_checks()
    if as_json:
        well = all(finding.status != "fail" for finding in findings)
        print(json.dumps({"ok": well, "checks": [f.to_dict() for f in findings]}))
    else:
        for finding in findings:
            print(finding.to_line())
    if any(finding.status == "fail" for finding in findings):
        sys.exit(EXIT_FAILED)
