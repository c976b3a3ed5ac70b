"""Checks of this machine and this install; nothing here leaves the machine but for the database."""

import shutil

from hirocrm.cli.checks.findings import Finding, fail, ok, warn

DISK_WARN_BYTES = 2_000_000_000
DISK_FAIL_BYTES = 200_000_000


def check_settings() -> list[Finding]:
    """Whether every setting can be read."""
    from hirocrm.config import env as environment

    env = environment.load()
    keys = len(env.secret_keys)
    return [ok("settings", f"Read; {keys} secret key{'s' if keys > 1 else ''}.")]


def check_disk() -> list[Finding]:
    """Room for the embedded database and its log."""
    from hirocrm.config import env as environment

    folder = environment.load().data_dir
    # Before the first start it isn't there yet: then its disk is that of the folder it will be made in.
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    detail = f"{free / 1e9:.1f} GB free for {folder}."
    if free < DISK_FAIL_BYTES:
        return [fail("disk", detail, "Free some space now: the database stops when it is full.")]
    if free < DISK_WARN_BYTES:
        return [warn("disk", detail, "Free some space soon.")]
    return [ok("disk", detail)]


def check_database() -> list[Finding]:
    """Which server it is."""
    from django.conf import settings
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), pg_database_size(current_database())"
        )
        version, size = cursor.fetchone()
    embedded = str(settings.DATA_DIR) in str(settings.DATABASES["default"]["HOST"])
    kind = "embedded" if embedded else "your own"
    return [ok("database", f"PostgreSQL {version} ({kind}), {size / 1e6:.0f} MB.")]


def check_migrations() -> list[Finding]:
    """Whether the tables are those of this version."""
    from hirocrm.config.migrating import count_pending

    pending = count_pending()
    if pending:
        return [fail("migrations", f"{pending} are missing.", "Run `hirocrm migrate`.")]
    return [ok("migrations", "All applied.")]


def check_workers() -> list[Finding]:
    """Whether anybody does the jobs, and whether jobs pile up."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM procrastinate_workers"
            "         WHERE last_heartbeat > now() - interval '15 s'),"
            "       (SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'),"
            "       (SELECT count(*) FROM procrastinate_jobs WHERE status = 'failed')"
        )
        alive, waiting, failed = cursor.fetchone()
    detail = f"{waiting} jobs wait, {failed} have failed."
    if not alive:
        return [warn("worker", f"None runs; {detail}", "Start `hirocrm up` or `hirocrm worker`.")]
    return [ok("worker", f"Running; {detail}")]


def check_analyzer() -> list[Finding]:
    """Which analyser is asked first, and whether it has what it needs."""
    from django.conf import settings

    from hirocrm.analysis import analysers, engine

    order = analysers.list_analysers(None)
    first = engine.identity_of(order[0])
    detail = f"{' then '.join(one.name for one in order)}; {first.provider} asks {first.model or 'no model'}."
    if first.provider == "gemini" and not settings.GOOGLE_AI_KEYS:
        return [warn("analyzer", detail, "Set GOOGLE_AI_API_KEY, or add a key in the settings.")]
    if not first.model:
        return [fail("analyzer", detail, f"Set {first.provider.upper()}_MODEL.")]
    return [ok("analyzer", detail)]


def check_mail() -> list[Finding]:
    """Whether letters leave this machine: those with a new password, and invitations."""
    from smtplib import SMTPException, SMTPResponseException

    from django.conf import settings
    from django.core.mail import get_connection

    from hirocrm.config import mail

    if settings.EMAIL_BACKEND == mail.PRINTED:
        advice = "Set EMAIL_URL, such as smtp+tls://user:password@host:587."
        return [warn("mail", "Printed by the web server, not sent.", advice)]
    place = f"{settings.EMAIL_HOST}:{settings.EMAIL_PORT}"
    try:
        with get_connection():
            return [ok("mail", f"{place} takes e-mail from {settings.DEFAULT_FROM_EMAIL}.")]
    except SMTPResponseException as refusal:  # its text may repeat what was sent
        detail = f"{place} refuses (SMTP code {refusal.smtp_code})."
    except (OSError, SMTPException) as fault:
        detail = f"{place} can't be used ({type(fault).__name__})."
    return [fail("mail", detail, "Check EMAIL_URL.")]


def check_aside() -> list[Finding]:
    """Parts of webhook deliveries that no organization sees; quiet where there are none."""
    from hirocrm.sync.webhooks.aside import list_ownerless

    count = list_ownerless().count()
    if not count:
        return []
    detail = f"{count} unreadable webhook {'entry belongs' if count == 1 else 'entries belong'} to no organization."
    return [warn("aside", detail, "`hirocrm aside` lists them, tries them again and drops them.")]


def check_app() -> list[Finding]:
    """What connecting with Facebook and receiving webhooks need."""
    from django.conf import settings

    findings = []
    if settings.FACEBOOK_APP_ID and settings.FACEBOOK_APP_SECRET:
        findings.append(ok("app", f"Meta app {settings.FACEBOOK_APP_ID}."))
    else:
        findings.append(
            warn(
                "app",
                "No Meta app: “Connect with Facebook” is off.",
                "Set FACEBOOK_APP_ID and FACEBOOK_APP_SECRET, or connect Pages by their tokens.",
            )
        )
    if not (settings.FACEBOOK_WEBHOOK_VERIFY_TOKEN and settings.FACEBOOK_APP_SECRET):
        findings.append(
            warn(
                "webhooks",
                "Off: new messages come with the next sync.",
                "Set FACEBOOK_WEBHOOK_VERIFY_TOKEN.",
            )
        )
    elif not settings.BASE_URL.startswith("https://"):
        findings.append(
            warn(
                "webhooks",
                f"Meta can't reach {settings.BASE_URL}.",
                "Set HIROCRM_BASE_URL to a public https:// address.",
            )
        )
    else:
        findings.append(ok("webhooks", f"At {settings.BASE_URL}/api/webhooks/facebook."))
    return findings
