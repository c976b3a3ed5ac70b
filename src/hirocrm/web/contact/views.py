"""The contact's page, its conversation part by part, and what is written on it."""

from datetime import datetime, time
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from hirocrm.analysis import queries as analyses
from hirocrm.contacts import queries as contacts
from hirocrm.contacts import services
from hirocrm.core import clock
from hirocrm.core.errors import Invalid
from hirocrm.core.vocabulary import LeadStatus
from hirocrm.pipelines import queries as pipelines
from hirocrm.web.contact import opinion, page, thread
from hirocrm.web.contact.forms import ContactForm
from hirocrm.web.contact.moves import back_to
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.toasts import show_toast


@require_GET
@member_required
def show(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """Show the contact: as a page, or in the drawer."""
    return page.show(request, contact_id)


@require_GET
@member_required
def earlier(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """Show the messages before a cursor."""
    contact = contacts.get_contact(member=request.member, contact_id=contact_id)
    latest = analyses.analyses_of(contact).order_by("-created_at", "-id").first()
    found = thread.read_thread(
        contact,
        quotes=opinion.quotes_of(latest.evidence if latest else []),
        zone=page.zone_of(request.member.organization),
        cursor=request.GET.get("cursor"),
    )
    context = {"contact": contact, "thread": found}
    is_part = request.headers.get("HX-Request") == "true"
    name = "contact/thread.html" if is_part else "contact/earlier.html"
    return render(request, name, context)


@require_GET
@member_required
def activities(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """Show more of the timeline."""
    contact = contacts.get_contact(member=request.member, contact_id=contact_id)
    found = pipelines.list_pipelines(member=request.member)
    query = request.GET.dict()
    context = page.timeline_context(request, contact, query, found)
    return render(request, "contact/timeline.html", {"contact": contact, **context})


@require_POST
@member_required
def edit(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """Change names, e-mail, phone and status."""
    changes = _typed(request)
    if request.POST.get("lead_status") in set(LeadStatus):
        changes["lead_status"] = request.POST["lead_status"]
    services.update_contact(
        member=request.member, contact_id=contact_id, changes=changes, now=clock.now()
    )
    return _anew(request, contact_id, _("Saved."))


@require_POST
@member_required
def add_note(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """Write down a note."""
    services.add_note(
        member=request.member,
        contact_id=contact_id,
        text=request.POST.get("text", ""),
        now=clock.now(),
    )
    return _anew(request, contact_id, _("Note saved."))


@require_POST
@member_required
def delete_note(request: MemberHttpRequest, contact_id: UUID, note_id: UUID) -> HttpResponse:
    """Remove a note."""
    services.delete_note(member=request.member, contact_id=contact_id, note_id=note_id)
    return _anew(request, contact_id, _("Note removed."))


@require_POST
@member_required
def add_task(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """Write down something to do; a due date ends with the organization's day."""
    services.create_task(
        member=request.member,
        contact_id=contact_id,
        title=request.POST.get("title", ""),
        due_at=_end_of_day(request),
        now=clock.now(),
    )
    return _anew(request, contact_id, _("Task saved."))


@require_POST
@member_required
def set_task(request: MemberHttpRequest, contact_id: UUID, task_id: UUID) -> HttpResponse:
    """Mark a task as done, as still to do, or remove it."""
    action = request.POST.get("action", "done")
    member = request.member
    if action == "remove":
        services.delete_task(member=member, contact_id=contact_id, task_id=task_id)
    elif action == "reopen":
        services.reopen_task(member=member, contact_id=contact_id, task_id=task_id)
    else:
        now = clock.now()
        services.complete_task(member=member, contact_id=contact_id, task_id=task_id, now=now)
    return _anew(request, contact_id, "")


@require_POST
@member_required
def add_tags(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """Put tags on, separated by commas."""
    tags = request.POST.get("tags", "").split(",")
    services.add_tags(member=request.member, contact_id=contact_id, tags=tags, now=clock.now())
    return _anew(request, contact_id, "")


@require_POST
@member_required
def remove_tag(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """Take a tag off."""
    tag = request.POST.get("tag", "")
    services.remove_tag(member=request.member, contact_id=contact_id, tag=tag, now=clock.now())
    return _anew(request, contact_id, "")


@require_POST
@member_required
def delete(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """Erase the contact with all that belongs to it."""
    services.delete_contact(member=request.member, contact_id=contact_id, now=clock.now())
    response = redirect("contacts")
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": response.url})
    return response


def _typed(request: MemberHttpRequest) -> dict[str, str]:
    """What was typed into those fields that the form has.

    Raises:
        Invalid: something is too long, or no e-mail address.
    """
    form = ContactForm(request.POST)
    for name, errors in form.errors.items():
        raise Invalid(f"{form.fields[name].label}: {errors[0]}", field=name)
    return {name: form.cleaned_data[name] for name in form.fields if name in request.POST}


def _anew(request: MemberHttpRequest, contact_id: UUID, words: str) -> HttpResponse:
    response = page.shown_anew(request, contact_id, back_to(request, contact_id))
    is_part = request.headers.get("HX-Request") == "true"
    return show_toast(response, words) if words and is_part else response


def _end_of_day(request: MemberHttpRequest) -> datetime | None:
    given = request.POST.get("due", "").strip()
    if not given:
        return None
    try:
        day = parse_date(given)
    except ValueError:
        day = None
    if day is None:
        raise Invalid(_("This isn't a date."), field="due")
    return datetime.combine(day, time(23, 59), page.zone_of(request.member.organization))
