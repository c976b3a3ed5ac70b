"""Running the checks, those that need a database only while there is one."""

from collections.abc import Callable, Sequence

from hirocrm.cli.checks import install, remote
from hirocrm.cli.checks.findings import Finding, fail
from hirocrm.cli.refusals import sentence_for

Check = Callable[[], list[Finding]]


def run_checks() -> list[Finding]:
    """All findings. A check that breaks is a finding too, never the end of the report."""
    findings = _run("settings", install.check_settings)
    if any(finding.status == "fail" for finding in findings):
        return findings
    findings += _run("disk", install.check_disk)
    try:
        findings += _with_database()
    except Exception as exc:  # noqa: BLE001 - whatever it is belongs into the report
        findings.append(fail("database", sentence_for(exc), ""))
    return findings


def _with_database() -> list[Finding]:
    from hirocrm.cli.connection import close_pools, database, set_up_django

    with database():
        set_up_django()
        tables: list[tuple[str, Check]] = [
            ("database", install.check_database),
            ("migrations", install.check_migrations),
        ]
        checks: list[tuple[str, Check]] = [
            ("worker", install.check_workers),
            ("analyzer", install.check_analyzer),
            ("keys", remote.check_keys),
            ("app", install.check_app),
            ("mail", install.check_mail),
            ("aside", install.check_aside),
            ("graph", remote.check_graph),
            ("pages", remote.check_pages),
        ]
        try:
            findings = _run_all(tables)
            if any(finding.status == "fail" for finding in findings):
                return findings  # the others would only say that their tables are missing
            return findings + _run_all(checks)
        finally:
            close_pools()


def _run_all(checks: Sequence[tuple[str, Check]]) -> list[Finding]:
    return [finding for name, check in checks for finding in _run(name, check)]


def _run(name: str, check: Check) -> list[Finding]:
    try:
        return check()
    except Exception as exc:  # noqa: BLE001 - whatever it is belongs into the report
        return [fail(name, sentence_for(exc), "")]
