"""Quick replies: saved, changed, removed."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from hirocrm.core import clock
from hirocrm.core.errors import Conflict, Invalid
from hirocrm.inbox import queries, services
from hirocrm.inbox.models import QuickReply
from hirocrm.inbox.services.quick_replies import VARIABLES
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.refusals import add_refusal
from hirocrm.web.rights import rights_of


class QuickReplyForm(forms.Form):
    """A shortcut and its text."""

    shortcut = forms.CharField(label=gettext_lazy("Shortcut"), max_length=33)
    text = forms.CharField(
        label=gettext_lazy("Text"), max_length=2000, widget=forms.Textarea(attrs={"rows": 4})
    )


@require_http_methods(["GET", "POST"])
@member_required
def quick_replies(request: MemberHttpRequest) -> HttpResponse:
    """Show the organization's quick replies; a POST saves another."""
    if request.method == "GET":
        return _show(request, QuickReplyForm())
    form = QuickReplyForm(request.POST)
    if form.is_valid():
        try:
            services.create_quick_reply(member=request.member, now=clock.now(), **form.cleaned_data)
        except (Conflict, Invalid) as exc:
            add_refusal(form, exc)
        else:
            messages.success(request, _("Saved."))
            return redirect("quick-replies")
    return _show(request, form, status=422)


@require_http_methods(["GET", "POST"])
@member_required
def edit(request: MemberHttpRequest, reply_id: UUID) -> HttpResponse:
    """Change one."""
    row = queries.get_quick_reply(member=request.member, reply_id=reply_id)
    if request.method == "GET":
        initial = {"shortcut": row.shortcut, "text": row.text}
        return _show(request, QuickReplyForm(initial=initial), editing=row)
    form = QuickReplyForm(request.POST)
    if form.is_valid():
        try:
            services.update_quick_reply(
                member=request.member, reply_id=reply_id, changes=form.cleaned_data
            )
        except (Conflict, Invalid) as exc:
            add_refusal(form, exc)
        else:
            messages.success(request, _("Saved."))
            return redirect("quick-replies")
    return _show(request, form, editing=row, status=422)


@require_POST
@member_required
def delete(request: MemberHttpRequest, reply_id: UUID) -> HttpResponse:
    """Forget one."""
    services.delete_quick_reply(member=request.member, reply_id=reply_id)
    messages.success(request, _("Removed."))
    return redirect("quick-replies")


def _show(
    request: MemberHttpRequest,
    form: QuickReplyForm,
    *,
    editing: QuickReply | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "editing": editing,
        "replies": queries.list_quick_replies(member=request.member),
        "variables": [f"{{{name}}}" for name in VARIABLES],
        "may": rights_of(request.member),
    }
    return render(request, "inbox/quick_replies.html", context, status=status)
