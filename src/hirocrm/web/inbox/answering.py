"""Sending from the inbox and from a contact's page, and the inbox's state of a conversation."""

from urllib.parse import quote
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import trigger_client_event

from hirocrm.core import clock
from hirocrm.core.errors import Invalid
from hirocrm.inbox import queries, services
from hirocrm.inbox.errors import UploadNotFound
from hirocrm.inbox.limits import FILE_BYTES, INLINE_IMAGES
from hirocrm.web.contact import page as contact_page
from hirocrm.web.inbox import views
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.parameters import read_uuid
from hirocrm.web.toasts import show_toast

FILE_POLICY = "default-src 'none'; sandbox"


@require_POST
@member_required
def send(request: MemberHttpRequest, conversation_id: UUID) -> HttpResponse:
    """Queue what was written and the files; the conversation is shown with it at once."""
    now = clock.now()
    uploads = [
        services.save_upload(
            member=request.member, name=file.name or "", content=_content(file), now=now
        )
        for file in request.FILES.getlist("files")
    ]
    services.send_message(
        member=request.member,
        conversation_id=conversation_id,
        text=request.POST.get("text", ""),
        upload_ids=[upload.id for upload in uploads],
        reply_to=request.POST.get("reply_to", ""),
        client_key=read_uuid(request.POST.get("client_key", "")),
        now=now,
    )
    if "close" in request.POST:
        services.close(member=request.member, conversation_id=conversation_id, now=now)
    return _shown_anew(request, conversation_id, sent=True)


@require_POST
@member_required
def send_again(request: MemberHttpRequest, outgoing_id: UUID) -> HttpResponse:
    """Try a message again that wasn't sent."""
    row = services.send_again(member=request.member, outgoing_id=outgoing_id, now=clock.now())
    return _shown_anew(request, row.conversation_id)


@require_POST
@member_required
def discard(request: MemberHttpRequest, outgoing_id: UUID) -> HttpResponse:
    """Forget a message that wasn't sent."""
    row = queries.get_outgoing(member=request.member, outgoing_id=outgoing_id)
    services.discard(member=request.member, outgoing_id=outgoing_id)
    return _shown_anew(request, row.conversation_id)


@require_POST
@member_required
def change_state(request: MemberHttpRequest, conversation_id: UUID) -> HttpResponse:
    """Close, reopen, mark as unread, or say whose it is."""
    member, action = request.member, request.POST.get("action", "")
    words = ""
    if action == "close":
        services.close(member=member, conversation_id=conversation_id, now=clock.now())
        words = _("Closed. It comes back when the customer writes.")
    elif action == "reopen":
        services.reopen(member=member, conversation_id=conversation_id)
        words = _("Open again.")
    elif action == "unread":
        services.mark_seen(
            member=member, conversation_id=conversation_id, seen=False, now=clock.now()
        )
        return _to_list(request)
    elif action == "assign":
        services.assign(
            member=member, conversation_id=conversation_id, assignee_id=_assignee(request)
        )
    return _whole_thread(request, conversation_id, words)


@require_GET
@member_required
def show_file(request: MemberHttpRequest, upload_id: UUID) -> HttpResponse:
    """A file that was sent from here, while it is kept; pictures in the page, the rest as downloads."""
    upload = queries.get_upload(member=request.member, upload_id=upload_id)
    if upload.content is None:
        raise UploadNotFound(_("This file isn't kept any more."))
    is_shown = upload.content_type in INLINE_IMAGES
    response = HttpResponse(
        bytes(upload.content),
        content_type=upload.content_type if is_shown else "application/octet-stream",
    )
    way = "inline" if is_shown else "attachment"
    response["Content-Disposition"] = f"{way}; filename*=UTF-8''{quote(upload.name)}"
    response["Content-Security-Policy"] = FILE_POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, max-age=3600"
    return response


def _content(file: object) -> bytes:
    size = getattr(file, "size", 0) or 0
    if size > FILE_BYTES:
        raise Invalid(_("A file has at most 25 MB."), field="files")
    return bytes(file.read())  # type: ignore[attr-defined]  # Django's uploaded file


def _assignee(request: MemberHttpRequest) -> UUID | None:
    given = request.POST.get("assignee", "")
    if not given:
        return None
    if (member_id := read_uuid(given)) is None:
        raise Invalid(_("Choose a member."), field="assignee")
    return member_id


def _shown_anew(
    request: MemberHttpRequest, conversation_id: UUID, *, sent: bool = False
) -> HttpResponse:
    """The messages anew, where the form stands; a plain form goes back to its page."""
    if request.headers.get("HX-Request") != "true":
        return redirect(_back(request, conversation_id))
    found = queries.get_conversation(member=request.member, conversation_id=conversation_id)
    if request.headers.get("HX-Target") == "contact-body":
        response = contact_page.show(request, found.contact_id)
    else:
        context = {**views.thread_context(request, found), "is_answer": True}
        response = render(request, "inbox/page.html#live", context)
    if sent:
        trigger_client_event(response, "composer-sent", {"conversation": str(conversation_id)})
    return response


def _whole_thread(request: MemberHttpRequest, conversation_id: UUID, words: str) -> HttpResponse:
    if request.headers.get("HX-Request") != "true":
        if words:
            messages.success(request, words)
        return redirect(_back(request, conversation_id))
    found = queries.get_conversation(member=request.member, conversation_id=conversation_id)
    context = views.thread_context(request, found)
    response = render(request, "inbox/page.html#thread", context)
    trigger_client_event(response, "inbox-changed", {})
    return show_toast(response, words) if words else response


def _to_list(request: MemberHttpRequest) -> HttpResponse:
    """Back to the list: opening the conversation again would make it read."""
    back = reverse("inbox")
    if request.headers.get("HX-Request") == "true":
        return HttpResponse(status=204, headers={"HX-Redirect": back})
    return redirect(back)


def _back(request: MemberHttpRequest, conversation_id: UUID) -> str:
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return reverse("inbox-conversation", args=[conversation_id])
