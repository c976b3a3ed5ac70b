"""What is done with many contacts at once: those that were ticked, or all that match the filters."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST
from django_htmx.http import trigger_client_event

from hirocrm.contacts import queries as contacts
from hirocrm.contacts import services
from hirocrm.contacts.models import Contact
from hirocrm.contacts.queries import ContactFilter
from hirocrm.contacts.spreadsheets import csv_lines
from hirocrm.core import clock
from hirocrm.core.errors import Invalid
from hirocrm.organizations import permissions
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines import queries as pipelines
from hirocrm.pipelines import services as moves
from hirocrm.sync import services as syncing
from hirocrm.web.contact.moves import moment, reason_of, stage_id_of, undone
from hirocrm.web.filters import read_filters
from hirocrm.web.members import MemberHttpRequest, async_member_required, member_required
from hirocrm.web.parameters import read_uuid
from hirocrm.web.toasts import show_toast

MICRO = 1_000_000


def chosen(request: MemberHttpRequest) -> QuerySet[Contact]:
    """The contacts that the form means.

    Raises:
        Invalid: it means none.
    """
    if request.POST.get("all_matching") == "1":
        query = dict(parse_qsl(request.POST.get("query", "")))
        filters = read_filters(query, now=clock.now())
        if filters.form.errors:  # left out, it would mean more contacts than were asked for
            raise Invalid(_("One of the filters can't be read. Choose again."), field="query")
        wanted = filters.wanted
    else:
        wanted = ContactFilter(ids=_ids(request.POST.getlist("ids")))
        if not wanted.ids:
            raise Invalid(_("Choose at least one contact."), field="ids")
    return contacts.list_contacts(member=request.member, wanted=wanted)


@require_POST
@member_required
def move(request: MemberHttpRequest) -> HttpResponse:
    """Put the chosen contacts into a stage."""
    now = clock.now()
    stage = pipelines.get_stage(member=request.member, stage_id=stage_id_of(request))
    count = moves.move_contacts(
        member=request.member,
        contacts=chosen(request),
        pipeline_id=stage.pipeline_id,
        stage_id=stage.id,
        reason=reason_of(request),
        now=now,
    )
    words = ngettext(
        "%(count)s contact moved to %(stage)s.", "%(count)s contacts moved to %(stage)s.", count
    ) % {"count": count, "stage": stage.name}
    undo_url = f"{reverse('contacts-undo')}?{urlencode({'at': now.isoformat()})}"
    return _done(words, undo_url=undo_url if count else "")


@require_POST
@member_required
def undo(request: MemberHttpRequest) -> HttpResponse:
    """Take back a move of many, named by its moment."""
    done_at = moment(request)
    return undone(moves.undo_action(member=request.member, done_at=done_at, now=clock.now()))


@require_POST
@member_required
def tag(request: MemberHttpRequest) -> HttpResponse:
    """Put tags on the chosen contacts."""
    now = clock.now()
    count = services.tag_contacts(
        member=request.member, contacts=chosen(request), tags=_tags(request), now=now
    )
    words = ngettext("%(count)s contact tagged.", "%(count)s contacts tagged.", count)
    undo_url = f"{reverse('contacts-tag-undo')}?{urlencode({'at': now.isoformat()})}"
    return _done(words % {"count": count}, undo_url=undo_url if count else "")


@require_POST
@member_required
def undo_tag(request: MemberHttpRequest) -> HttpResponse:
    """Take off the tags that were put on many, named by the moment."""
    done_at = moment(request)
    count = services.undo_tagging(member=request.member, done_at=done_at, now=clock.now())
    return undone(count, otherwise=_("Nothing to take off any more."))


@require_POST
@member_required
def untag(request: MemberHttpRequest) -> HttpResponse:
    """Take tags off the chosen contacts."""
    now = clock.now()
    count = services.untag_contacts(
        member=request.member, contacts=chosen(request), tags=_tags(request), now=now
    )
    words = ngettext("Tag taken off %(count)s contact.", "Tag taken off %(count)s contacts.", count)
    undo_url = f"{reverse('contacts-untag-undo')}?{urlencode({'at': now.isoformat()})}"
    return _done(words % {"count": count}, undo_url=undo_url if count else "")


@require_POST
@member_required
def undo_untag(request: MemberHttpRequest) -> HttpResponse:
    """Put the tags back that were taken off many, named by the moment."""
    done_at = moment(request)
    count = services.undo_untagging(member=request.member, done_at=done_at, now=clock.now())
    return undone(count, otherwise=_("Nothing to put back any more."))


@require_POST
@member_required
def delete(request: MemberHttpRequest) -> HttpResponse:
    """Erase the chosen contacts."""
    count = services.delete_contacts(
        member=request.member, contacts=chosen(request), now=clock.now()
    )
    words = ngettext("%(count)s contact deleted.", "%(count)s contacts deleted.", count)
    return _done(words % {"count": count})


@require_POST
@member_required
def estimate(request: MemberHttpRequest) -> HttpResponse:
    """Show what reading the chosen contacts again would take."""
    found = syncing.estimate_reanalysis(
        organization_id=request.member.organization_id,
        contact_ids=None,
        contact_filter=chosen(request),
        now=clock.now(),
    )
    cost = found.cost_micro_usd
    context = {
        "estimate": found,
        "cost": None if cost is None else f"${cost / MICRO:.2f}",
        "minutes": round(found.seconds / 60),
    }
    return render(request, "contacts/estimate.html", context)


@require_POST
@member_required
def reanalyze(request: MemberHttpRequest) -> HttpResponse:
    """Start reading the chosen contacts again, and lead to the run."""
    run = syncing.start_reanalysis(
        organization_id=request.member.organization_id,
        member=request.member,
        contact_ids=None,
        contact_filter=chosen(request),
        now=clock.now(),
    )
    return HttpResponse(status=204, headers={"HX-Redirect": reverse("run", args=[run.id])})


@require_POST
@async_member_required
async def export(request: MemberHttpRequest) -> StreamingHttpResponse:
    """Stream the chosen contacts as a CSV file."""
    rows = await sync_to_async(_exported)(request)
    return StreamingHttpResponse(
        _csv(rows),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": 'attachment; filename="contacts.csv"',
            "Content-Encoding": "identity",  # Django zips each part by itself; browsers unzip the first
        },
    )


def _exported(request: MemberHttpRequest) -> QuerySet[Contact]:
    permissions.require(request.member, Right.READ)
    return chosen(request)


async def _csv(rows: QuerySet[Contact]) -> AsyncIterator[str]:
    yield "\ufeff" + csv_lines((), header=True)  # Excel reads UTF-8 only behind a byte order mark
    after: UUID | None = None
    while batch := await sync_to_async(contacts.list_export_rows)(contacts=rows, after=after):
        yield csv_lines(batch, header=False)
        after = batch[-1].id


def _done(words: str, undo_url: str = "") -> HttpResponse:
    """Nothing to swap: the list refreshes itself, the dialog closes, a toast tells."""
    response = HttpResponse(status=204)
    trigger_client_event(response, "close-dialog", {})
    trigger_client_event(response, "board-changed", {})
    return show_toast(response, words, undo_url=undo_url)


def _ids(values: list[str]) -> tuple[UUID, ...]:
    ids = [read_uuid(value) for value in values]
    if None in ids:  # left out, fewer contacts would be meant than were ticked
        raise Invalid(_("Choose at least one contact."), field="ids")
    return tuple(one for one in ids if one is not None)


def _tags(request: MemberHttpRequest) -> list[str]:
    tags = [part.strip() for part in request.POST.get("tags", "").split(",") if part.strip()]
    if not tags:
        raise Invalid(_("Write at least one tag."), field="tags")
    return tags
