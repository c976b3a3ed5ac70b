"""Webhooks: where Meta sends them, how each Page's do, and what couldn't be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hirocrm.core import clock
from hirocrm.core.text import shorten
from hirocrm.meta import endings, queries
from hirocrm.meta.models import UnreadableEntry
from hirocrm.meta.webhooks.intake import PATH
from hirocrm.sync.webhooks import aside
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.rights import rights_of
from hirocrm.web.settings.navigation import tabs

SHOWN = 50
PAGES_SHOWN = 200
CONTENT_SHOWN = 2_000


@dataclass(frozen=True, slots=True)
class Aside:
    """An entry with as much of its content as a page can show."""

    row: UnreadableEntry
    content: str


@require_GET
@member_required
def webhooks(request: MemberHttpRequest) -> HttpResponse:
    """The address and its secrets, the Pages, and what was kept aside."""
    may = rights_of(request.member)
    pages = queries.list_pages(member=request.member).prefetch_related(None).exclude(remote_id=None)
    shown = list(pages.order_by("name", "id")[: PAGES_SHOWN + 1])
    context = {
        "tabs": tabs(request),
        "may": may,
        "callback_url": f"{settings.BASE_URL}{PATH}",
        "has_secret": bool(settings.FACEBOOK_APP_SECRET or settings.INSTAGRAM_APP_SECRET),
        "has_verify_token": bool(settings.FACEBOOK_WEBHOOK_VERIFY_TOKEN),
        "is_public": settings.BASE_URL.startswith("https://"),
        "last_test_at": queries.find_last_webhook_test(),
        "pages": shown[:PAGES_SHOWN],
        "pages_left": pages.count() - PAGES_SHOWN if len(shown) > PAGES_SHOWN else 0,
        "entries": _entries(request) if may.configure else (),
        "shown": SHOWN,
        "endings": endings.list_given_up(member=request.member),
    }
    return render(request, "settings/webhooks.html", context)


def _entries(request: MemberHttpRequest) -> Sequence[Aside]:
    rows = aside.list_entries(member=request.member).order_by("-received_at", "-id")[:SHOWN]
    return [Aside(row, shorten(row.content, CONTENT_SHOWN)) for row in rows]


@require_POST
@member_required
def replay(request: MemberHttpRequest, entry_id: UUID) -> HttpResponse:
    """Try an entry again."""
    try:
        aside.replay_entry(member=request.member, entry_id=entry_id, now=clock.now())
    except aside.EntryStillUnreadable as exc:
        messages.error(request, exc.sentence)
    else:
        messages.success(request, _("It was read and applied."))
    return redirect("webhooks")


@require_POST
@member_required
def drop(request: MemberHttpRequest, entry_id: UUID) -> HttpResponse:
    """Forget an entry."""
    aside.drop_entry(member=request.member, entry_id=entry_id)
    messages.success(request, _("It is forgotten."))
    return redirect("webhooks")
