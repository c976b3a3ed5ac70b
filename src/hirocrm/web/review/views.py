"""The queue, an answer, and taking an answer back."""

from datetime import datetime
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hirocrm.contacts import queries as contacts
from hirocrm.contacts.models import Contact
from hirocrm.contacts.queries import ContactFilter
from hirocrm.core import clock
from hirocrm.organizations import permissions
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines import services
from hirocrm.pipelines.errors import SuggestionNotFound
from hirocrm.web.contact.moves import moment, reason_of, stage_id_of
from hirocrm.web.contact.page import zone_of
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.parameters import read_uuid
from hirocrm.web.review.items import list_items
from hirocrm.web.toasts import show_toast


@require_GET
@member_required
def queue(request: MemberHttpRequest) -> HttpResponse:
    """Show the next contact that waits for a person's word."""
    named = {
        name: request.GET[name] for name in ("at", "contact", "suggestion") if name in request.GET
    }
    undo_url = f"{reverse('review-undo')}?{urlencode(named)}" if named else ""
    return _show(request, cursor=request.GET.get("after"), undo_url=undo_url)


@require_POST
@member_required
def answer(request: MemberHttpRequest, suggestion_id: UUID) -> HttpResponse:
    """Take an answer and show the next contact: `stage` is the person's choice, none leaves it where it is."""
    now = clock.now()
    try:
        contact, words = _answer(request, suggestion_id, now)
    except SuggestionNotFound:
        return _gone(request)
    done = {"at": now.isoformat(), "contact": contact.id, "suggestion": suggestion_id}
    undo_url = f"{reverse('review-undo')}?{urlencode(done)}"
    cursor = request.POST.get("after") or None
    if request.headers.get("HX-Request") != "true":
        messages.success(request, words)
        return redirect(_address(cursor, **done))
    return show_toast(_show(request, cursor=cursor, undo_url=undo_url), words, seconds=3)


@require_POST
@member_required
def undo(request: MemberHttpRequest) -> HttpResponse:
    """Take an answer back and ask again."""
    contact_id = read_uuid(request.GET.get("contact", ""))
    suggestion_id = read_uuid(request.GET.get("suggestion", ""))
    count = services.undo_action(
        member=request.member, done_at=moment(request), contact_id=contact_id, now=clock.now()
    )
    words = _("Taken back.") if count else _("Nothing to take back: it was moved again since.")
    if request.headers.get("HX-Request") != "true":
        messages.info(request, words)
        return redirect("review")
    shown = _show(request, cursor=request.POST.get("after") or None, first_id=suggestion_id)
    return show_toast(shown, words, tone="good" if count else "warn", seconds=3)


def _answer(request: MemberHttpRequest, suggestion_id: UUID, now: datetime) -> tuple[Contact, str]:
    member = request.member
    if request.POST.get("stage") == "":
        contact = services.dismiss_suggestion(member=member, suggestion_id=suggestion_id, now=now)
        return contact, _("%(name)s stays where it is.") % {"name": contact.name}
    contact = services.correct_suggestion(
        member=member,
        suggestion_id=suggestion_id,
        stage_id=stage_id_of(request),
        reason=reason_of(request),
        now=now,
    )
    stage = contact.stage.name if contact.stage else ""
    return contact, _("%(name)s: %(stage)s") % {"name": contact.name, "stage": stage}


def _gone(request: MemberHttpRequest) -> HttpResponse:
    """Somebody answered first: show the next, and say so."""
    words = _("Somebody answered this one already.")
    cursor = request.POST.get("after") or None
    if request.headers.get("HX-Request") != "true":
        messages.info(request, words)
        return redirect(_address(cursor))
    return show_toast(_show(request, cursor=cursor), words, tone="warn")


def _show(
    request: MemberHttpRequest,
    *,
    cursor: str | None,
    undo_url: str = "",
    first_id: UUID | None = None,
) -> HttpResponse:
    items = list_items(
        member=request.member,
        zone=zone_of(request.member.organization),
        cursor=cursor,
        first_id=first_id,
    )
    waiting = contacts.list_contacts(
        member=request.member, wanted=ContactFilter(needs_review=True)
    ).count()
    context = {
        "item": items[0] if items else None,
        "next_item": items[1] if len(items) > 1 else None,
        "waiting": waiting,
        "has_contacts": waiting > 0
        or contacts.list_contacts(member=request.member, wanted=ContactFilter()).exists(),
        "undo_url": undo_url,
        "cursor": cursor or "",
        "may_work": permissions.allows(request.member, Right.WORK),
    }
    is_part = request.headers.get("HX-Target") == "review"
    return render(request, "review/page.html#review" if is_part else "review/page.html", context)


def _address(cursor: str | None, **done: object) -> str:
    """The queue behind the cursor; `done` names the answer that its undo takes back."""
    query = urlencode({**({"after": cursor} if cursor else {}), **done})
    return f"{reverse('review')}?{query}" if query else reverse("review")
