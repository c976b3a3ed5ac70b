"""Members and invitations."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from hirocrm.core import clock
from hirocrm.core.errors import Conflict, Invalid
from hirocrm.organizations import permissions, queries, services, sessions
from hirocrm.organizations.errors import InvitationNotFound
from hirocrm.organizations.models import Role, User
from hirocrm.organizations.permissions import Right
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.refusals import add_refusal
from hirocrm.web.rights import rights_of
from hirocrm.web.settings.forms import InviteForm
from hirocrm.web.settings.navigation import tabs


@never_cache
@require_http_methods(["GET", "POST"])
@member_required
def members(request: MemberHttpRequest) -> HttpResponse:
    """Show who belongs to the organization; a POST invites somebody."""
    if request.method == "GET":
        return _show(request, _form(request))
    form = _form(request, posted=True)
    if form.is_valid():
        try:
            return _invite(request, form)
        except (Invalid, Conflict) as exc:
            add_refusal(form, exc)
    return _show(request, form, status=422)


def _form(request: MemberHttpRequest, *, posted: bool = False) -> InviteForm:
    may_make_owners = permissions.allows(request.member, Right.MANAGE_OWNERS)
    return InviteForm(request.POST if posted else None, may_make_owners=may_make_owners)


def _invite(request: MemberHttpRequest, form: InviteForm) -> HttpResponse:
    invitation, secret = services.invite_member(
        member=request.member,
        email=form.cleaned_data["email"],
        role=form.cleaned_data["role"],
        now=clock.now(),
    )
    link = settings.BASE_URL + reverse("join", args=[secret])
    name = request.member.organization.name
    send_mail(
        _("Join %(name)s on HiroCRM") % {"name": name},
        _("You are invited to %(name)s. This link is for you alone:\n\n%(link)s\n")
        % {"name": name, "link": link},
        None,
        [invitation.email],
        fail_silently=True,  # the link is shown as well
    )
    return _show(request, _form(request), invited=(invitation.email, link))


def _show(
    request: MemberHttpRequest,
    form: InviteForm,
    *,
    invited: tuple[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    may = rights_of(request.member)
    found = queries.list_members(member=request.member).order_by("created_at", "id")
    context = {
        "tabs": tabs(request),
        "members": found,
        "invitations": queries.list_invitations(member=request.member, now=clock.now())
        if may.manage_members
        else [],
        "form": form,
        "invited": invited,
        "roles": [role for role in Role if role != Role.OWNER or may.manage_owners],
        "may": may,
    }
    return render(request, "settings/members.html", context, status=status)


@require_POST
@member_required
def change_role(request: MemberHttpRequest, member_id: UUID) -> HttpResponse:
    """Give a member another role."""
    try:
        services.change_role(
            member=request.member, member_id=member_id, role=request.POST.get("role", "")
        )
    except (Conflict, Invalid) as exc:
        messages.error(request, exc.sentence)
    else:
        messages.success(request, _("Saved."))
    return redirect("members")


@require_POST
@member_required
def remove(request: MemberHttpRequest, member_id: UUID) -> HttpResponse:
    """End a membership; anyone may leave."""
    try:
        services.remove_member(member=request.member, member_id=member_id)
    except Conflict as exc:
        messages.error(request, exc.sentence)
        return redirect("members")
    messages.success(request, _("Removed."))
    return redirect("home" if member_id == request.member.id else "members")


@require_POST
@member_required
def withdraw(request: MemberHttpRequest, invitation_id: UUID) -> HttpResponse:
    """Make an invitation's link useless."""
    if not services.withdraw_invitation(member=request.member, invitation_id=invitation_id):
        raise InvitationNotFound(_("This invitation was taken up or withdrawn already."))
    messages.success(request, _("The invitation is withdrawn."))
    return redirect("members")


@never_cache
@require_http_methods(["GET", "POST"])
def join(request: HttpRequest, secret: str) -> HttpResponse:
    """What an invitation's link shows: who invites; a POST by who is signed in takes it up."""
    invitation = queries.get_invitation(plain=secret, now=clock.now())
    if request.method == "GET":
        here = request.get_full_path()
        context = {
            "invitation": invitation,
            "sign_in_url": f"{resolve_url(settings.LOGIN_URL)}?next={here}",
            "sign_up_url": f"{reverse('account_signup')}?next={here}",
        }
        return render(request, "settings/join.html", context)
    if not isinstance(request.user, User):
        return redirect("join", secret)
    joined = services.accept_invitation(plain=secret, user=request.user, now=clock.now())
    sessions.choose_organization(session=request.session, member=joined)
    messages.success(request, _("Welcome to %(name)s.") % {"name": joined.organization.name})
    return redirect("home")
