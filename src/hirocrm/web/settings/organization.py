"""The organization itself."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from hirocrm.organizations import services, sessions
from hirocrm.organizations.models import User
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


@require_POST
@login_required
def choose(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Look at another of one's organizations; its board is shown, as the page one was on is not there."""
    assert isinstance(request.user, User)  # noqa: S101  # signed in
    chosen = sessions.switch_organization(
        user=request.user, session=request.session, organization_id=organization_id
    )
    messages.success(request, _("You are in %(name)s now.") % {"name": chosen.organization.name})
    return redirect("home")


def _show(request: MemberHttpRequest, form: OrganizationForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "tabs": tabs(request), "may": rights_of(request.member)}
    return render(request, "settings/organization.html", context, status=status)
