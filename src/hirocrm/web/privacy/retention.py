"""How long the organization keeps what, with a look at what would go first."""

from typing import Any
from urllib.parse import urljoin

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from hirocrm.core import clock
from hirocrm.inbox import queries as inbox
from hirocrm.inbox.services import update_settings
from hirocrm.privacy import retention as rules
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.rights import rights_of
from hirocrm.web.settings.navigation import tabs


def _days(label: Any, hint: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        help_text=hint,
        required=False,
        min_value=rules.SHORTEST_DAYS,
        max_value=rules.LONGEST_DAYS,
        widget=forms.NumberInput(attrs={"inputmode": "numeric"}),
    )


class RetentionForm(forms.Form):
    """Days; an empty field keeps it for ever."""

    message_days = _days(
        gettext_lazy("Empty messages after this many days"),
        gettext_lazy(
            "Texts, attachments and the words that analyses quoted. The conversation keeps its shape."
        ),
    )
    contact_days = _days(
        gettext_lazy("Erase contacts who were silent for this many days"),
        gettext_lazy("With all that belongs to them. Who writes again is a new contact."),
    )
    analysis_days = _days(
        gettext_lazy("Remove outdated analyses after this many days"),
        gettext_lazy("The latest of each contact stays."),
    )


class AnsweringForm(forms.Form):
    """Whether the Meta app may answer for seven days."""

    human_agent = forms.BooleanField(
        label=gettext_lazy("The Meta app has the Human Agent feature"),
        help_text=gettext_lazy(
            "Then people may answer up to 7 days after the customer's last message. Meta grants it in app review."
        ),
        required=False,
    )


@require_http_methods(["GET", "POST"])
@member_required
def retention(request: MemberHttpRequest) -> HttpResponse:
    """Show the rules; a POST saves them, or with `preview` counts what they would take away."""
    if request.method == "GET":
        policy = rules.get_policy(member=request.member)
        initial = {name: getattr(policy, name) for name in rules.FIELDS}
        return _show(request, RetentionForm(initial=initial))
    if "answering" in request.POST:
        is_on = request.POST.get("human_agent") == "on"
        update_settings(member=request.member, human_agent=is_on)
        return _saved()
    form = RetentionForm(request.POST)
    if not form.is_valid():
        return _show(request, form, status=422)
    if "preview" in request.POST:
        counts = rules.preview(member=request.member, days=form.cleaned_data, now=clock.now())
        return _show(request, form, counts=counts)
    rules.update_policy(member=request.member, days=form.cleaned_data)
    messages.success(request, _("Saved. It happens every night."))
    return redirect("privacy-settings")


def _saved() -> HttpResponse:
    return redirect("privacy-settings")


def _show(
    request: MemberHttpRequest,
    form: RetentionForm,
    *,
    counts: rules.Counts | None = None,
    status: int = 200,
) -> HttpResponse:
    human = inbox.get_settings(member=request.member).human_agent
    context = {
        "tabs": tabs(request),
        "form": form,
        "answering": AnsweringForm(initial={"human_agent": human}),
        "counts": counts,
        "policy": rules.get_policy(member=request.member),
        "may": rights_of(request.member),
        "addresses": [
            (label, urljoin(settings.BASE_URL, reverse(name)))
            for label, name in (
                (_("Deauthorize callback"), "meta-deauthorize"),
                (_("Data deletion request"), "meta-data-deletion"),
            )
        ],
    }
    return render(request, "privacy/retention.html", context, status=status)
