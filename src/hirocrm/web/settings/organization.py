"""The organization itself."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from hirocrm.organizations import services
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.rights import rights_of
from hirocrm.web.settings.forms import OrganizationForm
from hirocrm.web.settings.navigation import tabs


@require_http_methods(["GET", "POST"])
@member_required
def organization(request: MemberHttpRequest) -> HttpResponse:
    """Name, language, time zone and what the AI knows about the business."""
    mine = request.member.organization
    if request.method == "GET":
        fields = ("name", "language", "time_zone", "business_description")
        form = OrganizationForm(
            organization=mine, initial={name: getattr(mine, name) for name in fields}
        )
        return _show(request, form)
    form = OrganizationForm(request.POST, organization=mine)
    if not form.is_valid():
        return _show(request, form, status=422)
    services.update_organization(member=request.member, changes=form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect("settings")


def _show(request: MemberHttpRequest, form: OrganizationForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "tabs": tabs(request), "may": rights_of(request.member)}
    return render(request, "settings/organization.html", context, status=status)
