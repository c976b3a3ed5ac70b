"""Where e-mail goes: EMAIL_URL, or the web server's own output where nobody set it."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.encoding import punycode

CONSOLE = "console://"
PRINTED = "django.core.mail.backends.console.EmailBackend"
PATIENCE_SECONDS = 10  # a person waits for the answer
SUBMISSION_PORT = 587  # its servers demand STARTTLS: RFC 8314, section 3.3
PORTS = {"smtp": 25, "smtp+tls": SUBMISSION_PORT, "smtps": 465}
NAME = "HiroCRM"

MailSettings = dict[str, Any]


def parse_email_url(url: str, *, base_url: str) -> MailSettings:
    """Django's settings for `smtp+tls://user:password@host:587?from=shop@example.com`, or `console://`.

    `smtps` is TLS from the first byte, `smtp+tls` STARTTLS, `smtp` neither, but for port 587. The sender is `from`,
    else the user if that is an address, else no-reply at the host of `base_url`.

    Raises:
        ValueError: it can't be used. The sentence doesn't repeat it, as it holds a password.
    """
    if url.rstrip("/") == CONSOLE.rstrip("/"):
        return {"EMAIL_BACKEND": PRINTED, **_sender(f"no-reply@{_host_of(base_url)}")}
    scheme, host, port, user, password, options = _split(url)
    is_tls = scheme == "smtp+tls" or (scheme == "smtp" and port == SUBMISSION_PORT)
    usual = user if _is_address(user) else f"no-reply@{_host_of(base_url)}"
    sender = options.get("from", [usual])[-1]
    if not _is_address(sender):
        raise ValueError("has something after from= that is no e-mail address")
    return {
        "EMAIL_BACKEND": "hirocrm.core.mail.EmailBackend",
        "EMAIL_HOST": host,
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": user,
        "EMAIL_HOST_PASSWORD": password,
        "EMAIL_USE_TLS": is_tls,
        "EMAIL_USE_SSL": scheme == "smtps",
        "EMAIL_TIMEOUT": PATIENCE_SECONDS,
        **_sender(sender),
    }


def _split(url: str) -> tuple[str, str, int, str, str, dict[str, list[str]]]:
    """Scheme, host, port, user, password, and what stands after “?”."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
        options = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
    except ValueError:
        parts, port, options = urlsplit(""), None, {}
    if parts.scheme not in PORTS or not parts.hostname or parts.path.strip("/"):
        raise ValueError(
            "must look like smtp+tls://user:password@host:587, smtps://… or console://"
        )
    if options.keys() - {"from"}:
        raise ValueError("has something after “?” other than from=address")
    if bool(parts.username) != bool(parts.password):
        raise ValueError("needs a user and a password, or neither")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return parts.scheme, parts.hostname, port or PORTS[parts.scheme], user, password, options


def _sender(address: str) -> MailSettings:
    return {"DEFAULT_FROM_EMAIL": f"{NAME} <{address}>", "SERVER_EMAIL": address}


def _host_of(base_url: str) -> str:
    return punycode(urlsplit(base_url).hostname or "localhost")


def _is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
