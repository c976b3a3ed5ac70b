"""Answering the AI: accept, correct with a reason, dismiss."""

from datetime import datetime
from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from hirocrm.contacts import queries as contacts
from hirocrm.contacts.models import Contact
from hirocrm.core import clock
from hirocrm.core.errors import Invalid
from hirocrm.pipelines import queries as pipelines
from hirocrm.pipelines import services
from hirocrm.web.contact import page
from hirocrm.web.contact.moves import back_to, reason_of, stage_id_of, undo_url
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.toasts import show_toast


@require_POST
@member_required
def accept(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """Do as the AI recommends; where it has placed the contact already, say that it was right."""
    now = clock.now()
    suggestion = page.suggestion_of(request, contact_id)
    if suggestion is not None:
        contact = services.accept_suggestion(
            member=request.member, suggestion_id=suggestion.id, now=now
        )
    else:
        contact = _confirm(request, contact_id, now)
    return _answer(request, contact, _("Marked as right."), now)


@require_POST
@member_required
def correct(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """Choose another stage, with a reason or without; the AI learns from it."""
    now = clock.now()
    stage = pipelines.get_stage(member=request.member, stage_id=stage_id_of(request))
    suggestion = page.suggestion_of(request, contact_id)
    if suggestion is not None and suggestion.pipeline_id == stage.pipeline_id:
        contact = services.correct_suggestion(
            member=request.member,
            suggestion_id=suggestion.id,
            stage_id=stage.id,
            reason=reason_of(request),
            now=now,
        )
    else:
        contact = services.move_contact(
            member=request.member,
            contact_id=contact_id,
            pipeline_id=stage.pipeline_id,
            stage_id=stage.id,
            reason=reason_of(request),
            now=now,
        )
    words = _("%(name)s is in %(stage)s now.") % {"name": contact.name, "stage": stage.name}
    return _answer(request, contact, words, now)


@require_POST
@member_required
def dismiss(request: MemberHttpRequest, contact_id: UUID) -> HttpResponse:
    """Leave the contact where it is and stop asking."""
    now = clock.now()
    suggestion = page.suggestion_of(request, contact_id)
    if suggestion is None:
        contacts.require_contact(member=request.member, contact_id=contact_id)
        raise Invalid(_("Nothing waits for an answer here any more."))
    contact = services.dismiss_suggestion(
        member=request.member, suggestion_id=suggestion.id, now=now
    )
    return _answer(request, contact, _("Dismissed; the contact stays where it is."), now)


def _confirm(request: MemberHttpRequest, contact_id: UUID, now: datetime) -> Contact:
    """Putting a contact where it is says that the AI was right."""
    contact = contacts.get_contact(member=request.member, contact_id=contact_id)
    if contact.pipeline_id is None or contact.stage_id is None:
        raise Invalid(_("This contact is in no stage yet. Choose one."), field="stage")
    return services.move_contact(
        member=request.member,
        contact_id=contact_id,
        pipeline_id=contact.pipeline_id,
        stage_id=contact.stage_id,
        now=now,
    )


def _answer(
    request: MemberHttpRequest, contact: Contact, words: str, now: datetime
) -> HttpResponse:
    response = page.shown_anew(request, contact.id, back_to(request, contact.id))
    if request.headers.get("HX-Request") != "true":
        return response
    return show_toast(response, words, undo_url=undo_url(contact.id, now))
