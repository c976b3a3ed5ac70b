"""Moving one contact, and taking it back."""

from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import trigger_client_event

from hirocrm.contacts import queries as contacts
from hirocrm.contacts.models import Contact
from hirocrm.core import clock
from hirocrm.core.errors import Invalid
from hirocrm.pipelines import queries as pipelines
from hirocrm.pipelines import services
from hirocrm.pipelines.models import Stage
from hirocrm.web.board.columns import BoardView
from hirocrm.web.board.reasons import LOST_REASONS
from hirocrm.web.contact import page
from hirocrm.web.filters import Filters, read_filters
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.parameters import read_uuid
from hirocrm.web.toasts import show_toast


@require_http_methods(["GET", "POST"])
@member_required
def move(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """Put a contact into another stage; GET asks which, for browsers without JavaScript."""
    if request.method != "POST":
        return _ask(request, contact_id)
    now = clock.now()
    contact = services.move_contact(
        member=request.member,
        contact_id=contact_id,
        stage_id=stage_id_of(request),
        reason=reason_of(request),
        expected_version=_version(request),
        now=now,
    )
    stage = contact.stage
    assert stage is not None  # noqa: S101  # it was put there
    words = _("%(name)s moved to %(stage)s.") % {"name": contact.name, "stage": stage.name}
    if request.headers.get("HX-Request") != "true":
        messages.success(request, words)
        return redirect(back_to(request, contact_id))
    return show_toast(_anew(request, contact, stage), words, undo_url=undo_url(contact_id, now))


@require_POST
@member_required
def undo(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """Take back what the member did with this contact at `?at=`."""
    contacts.require_contact(member=request.member, contact_id=contact_id)
    count = services.undo_action(
        member=request.member, done_at=moment(request), contact_id=contact_id, now=clock.now()
    )
    return undone(count)


def undone(count: int, *, otherwise: str = "") -> HttpResponse:
    """The answer to an undo: the board is drawn anew, and a toast tells; `otherwise` if nothing was undone."""
    response = HttpResponse(status=204)
    trigger_client_event(response, "board-changed", {})
    trigger_client_event(response, "contact-changed", {})
    if count:
        return show_toast(response, _("Put back."))
    words = otherwise or _("Nothing to put back: it was moved again since.")
    return show_toast(response, words, tone="warn")


def undo_url(contact_id: UUID, done_at: datetime) -> str:
    """Where a POST takes back what was done at that moment."""
    path = reverse("contact-undo", args=[contact_id])
    return f"{path}?{urlencode({'at': done_at.isoformat()})}"


def moment(request: MemberHttpRequest) -> datetime:
    """The moment that `?at=` names.

    Raises:
        Invalid: it names none.
    """
    try:
        found = parse_datetime(request.GET.get("at", ""))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Invalid(_("This link can't be read."), field="at")
    return found


def back_to(request: MemberHttpRequest, contact_id: UUID) -> str:
    """Where a plain form returns to: its `next` if it is one of our pages, else the contact."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return reverse("contact", args=[contact_id])


def _ask(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    context = {
        "contact": contacts.get_contact(member=request.member, contact_id=contact_id),
        "pipelines": pipelines.list_pipelines(member=request.member),
        "lost_reasons": LOST_REASONS,
        "next": request.GET.get("next", ""),
    }
    return render(request, "contact/move.html", context)


def _anew(request: MemberHttpRequest, contact: Contact, stage: Stage) -> HttpResponse:
    """The card in its new stage with the figures of all columns, if a card was moved; else the contact."""
    if not request.headers.get("HX-Target", "").startswith("card-"):
        return page.show(request, contact.id)
    filters = _page_filters(request)
    view = BoardView(
        filters=filters,
        pages={contact.page_id: contact.page},
        now=clock.now(),
        folds=request.COOKIES.get("board_folds", ""),
    )
    heads = pipelines.list_heads(
        member=request.member, pipeline=stage.pipeline, wanted=filters.wanted
    )
    context = {"card": view.card(contact, stage), "heads": [view.column(head) for head in heads]}
    return render(request, "board/moved.html", context)


def _page_filters(request: MemberHttpRequest) -> Filters:
    """The filters of the page that the card was moved on."""
    query = urlsplit(request.headers.get("HX-Current-URL", "")).query
    return read_filters(dict(parse_qsl(query)), now=clock.now())


def reason_of(request: MemberHttpRequest) -> str:
    """Why, from a choice and words of one's own: "Too expensive: found it for 300"."""
    parts = (request.POST.get("reason", "").strip(), request.POST.get("note", "").strip())
    return ": ".join(part for part in parts if part)[:500]


def _version(request: MemberHttpRequest) -> int | None:
    version = request.POST.get("version", "")
    return int(version) if version.isdecimal() and len(version) < 10 else None


def stage_id_of(request: MemberHttpRequest) -> UUID:
    """The stage that the form names.

    Raises:
        Invalid: it names none.
    """
    stage_id = read_uuid(request.POST.get("stage", ""))
    if stage_id is None:
        raise Invalid(_("Choose a stage."), field="stage")
    return stage_id
