"""What Meta tells on behalf of a person who connected Pages: they removed the app, or want their data gone.

The person is one who connected Pages here, never a customer. Source:
https://developers.facebook.com/docs/development/create-an-app/app-dashboard/data-deletion-callback
"""

import re
import secrets
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from hirocrm.core.encryption import keyed_hash
from hirocrm.meta import health
from hirocrm.meta.graph.signature import SignedRequest, parse_signed_request
from hirocrm.meta.models import ConnectionState, Login, Page
from hirocrm.privacy.errors import DeletionRequestNotFound
from hirocrm.privacy.models import DeletionRequest

log = structlog.get_logger(__name__)

CODE_BYTES = 12
CLOCKS_DIFFER = timedelta(minutes=2)  # ours and Meta's
_CODE = re.compile(f"[0-9a-f]{{{2 * CODE_BYTES}}}")

REMOVED_APP = "The person who connected this Page removed the app on Facebook. Somebody who manages the Page must connect it again."
ASKED_DELETION = "The person who connected this Page had Facebook delete their data. Somebody who manages the Page must connect it again."


def read_request(signed_request: str) -> SignedRequest:
    """Who Meta speaks of.

    Raises:
        SignedRequestInvalid: Meta didn't sign it with one of our apps' secrets.
    """
    mine = (settings.FACEBOOK_APP_SECRET, settings.INSTAGRAM_APP_SECRET)
    return parse_signed_request(signed_request, mine)


@transaction.atomic
def deauthorize(*, user_id: str, issued_at: datetime | None = None) -> int:
    """End the connections that a person had made by then; tokens are forgotten, all else stays. How many there were."""
    count = _end_connections(_connected_by(user_id, issued_at), REMOVED_APP)
    log.info("meta.deauthorized", pages=count)
    return count


@transaction.atomic
def delete_person(
    *, user_id: str, issued_at: datetime | None = None, now: datetime
) -> DeletionRequest:
    """End a person's connections and forget who they are; what they look the state up by comes back."""
    pages, logins = _connected_by(user_id, issued_at), Login.objects.filter(remote_user_id=user_id)
    if issued_at is not None:
        logins = logins.filter(created_at__lte=issued_at + CLOCKS_DIFFER)
    count = _end_connections(pages, ASKED_DELETION)
    pages.update(
        connected_user_id="",
        connected_user_name="",
        granted_scopes=[],
        tasks=[],
        tasks_read_at=None,
    )
    logins.delete()
    log.info("meta.deletion_requested", pages=count)
    return DeletionRequest.objects.create(
        code=secrets.token_hex(CODE_BYTES),
        person_hash=keyed_hash(f"meta-user:{user_id}"),
        pages=count,
        requested_at=now,
        completed_at=now,
    )


def get_deletion(code: str) -> DeletionRequest:
    """The request with this confirmation code.

    Raises:
        DeletionRequestNotFound: there is none.
    """
    is_one = _CODE.fullmatch(code) is not None  # PostgreSQL takes no NUL
    found = DeletionRequest.objects.filter(code=code).first() if is_one else None
    if found is None:
        raise DeletionRequestNotFound("No request has this confirmation code.")
    return found


def _connected_by(user_id: str, issued_at: datetime | None) -> QuerySet[Page]:
    """The Pages that a person had connected when Meta spoke of them.

    Whoever got hold of a signed request can send it again for ever; it mustn't end a connection made since.
    """
    rows = Page.objects.filter(connected_user_id=user_id).exclude(connected_user_id="")
    if issued_at is None:
        return rows
    return rows.filter(Q(connected_at=None) | Q(connected_at__lte=issued_at + CLOCKS_DIFFER))


def _end_connections(rows: QuerySet[Page], reason: str) -> int:
    pages = list(rows.exclude(access_token="").order_by("id"))
    for page in pages:
        health.change_state(
            page=page, state=ConnectionState.REMOVED, reason=reason, may_improve=True
        )
    rows.update(access_token="")
    return len(pages)
