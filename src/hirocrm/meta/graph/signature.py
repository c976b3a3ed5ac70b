"""Meta's signatures: on our calls, on its webhook deliveries, on its signed requests.

References: https://developers.facebook.com/docs/graph-api/guides/secure-requests and
https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hirocrm.core.errors import Invalid
from hirocrm.meta.graph.lenient import read_time

SIGNATURE_HEADER = "X-Hub-Signature-256"
_PREFIX = "sha256="


class SignedRequestInvalid(Invalid):
    """A deauthorize or data-deletion request that Meta didn't sign, or that can't be read."""

    code = "signed_request_invalid"


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What Meta says in a signed request. `user_id` is app-scoped: who connected, never a PSID.

    Nothing makes it valid only once: it says nothing of what happened after it was `issued_at`.
    """

    user_id: str
    issued_at: datetime | None


def appsecret_proof(access_token: str, app_secret: str) -> str:
    """The proof that goes with each call made with `access_token`."""
    return hmac.new(app_secret.encode(), access_token.encode(), hashlib.sha256).hexdigest()


def find_signing_secret(body: bytes, header: str | None, secrets: Sequence[str]) -> int | None:
    """The index of the secret that signed `body`, or None: refuse the delivery.

    `body` must be the raw bytes received: Meta signs its own way of escaping JSON. There are
    several secrets because Instagram-login deliveries are signed with the Instagram app's.
    Empty secrets never match, and every secret is compared, in constant time.
    """
    if header is None or not header.startswith(_PREFIX):
        return None
    given = header.removeprefix(_PREFIX).strip().lower().encode()
    found = None
    for index, secret in enumerate(secrets):
        expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()
        if hmac.compare_digest(expected, given) and secret and found is None:
            found = index
    return found


def parse_signed_request(value: str, secrets: Sequence[str]) -> SignedRequest:
    """Read the `signed_request` form field of the deauthorize and data-deletion callbacks.

    Raises:
        SignedRequestInvalid: not signed with any of `secrets`, or unreadable. Answer 400.
    """
    encoded_signature, dot, payload = value.partition(".")
    if not dot:
        raise _invalid()
    signature = _decode(encoded_signature)
    digests = [
        hmac.new(s.encode(), payload.encode(), hashlib.sha256).digest() for s in secrets if s
    ]
    if not any([hmac.compare_digest(digest, signature) for digest in digests]):  # noqa: C419 -- compares all
        raise _invalid()
    return _read_payload(_decode(payload))


def _read_payload(raw: bytes) -> SignedRequest:
    try:
        content = json.loads(raw)
    except ValueError as exc:
        raise _invalid() from exc
    if not isinstance(content, dict):
        raise _invalid()
    user_id = _read_user_id(content.get("user_id"))
    if str(content.get("algorithm", "")).upper() != "HMAC-SHA256":
        raise _invalid()
    return SignedRequest(user_id=user_id, issued_at=read_time(content.get("issued_at")))


def _read_user_id(value: object) -> str:
    """Who it is about; nothing else will do, for an empty one would mean everybody without a name."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise _invalid()
    return value


def _decode(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError) as exc:
        raise _invalid() from exc


def _invalid() -> SignedRequestInvalid:
    return SignedRequestInvalid("This request wasn't signed by Meta.")
