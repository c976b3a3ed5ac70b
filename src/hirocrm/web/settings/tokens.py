"""API tokens: made, shown once, revoked."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from hirocrm.core import clock
from hirocrm.core.errors import Invalid
from hirocrm.organizations import permissions, queries, services
from hirocrm.organizations.permissions import Right
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.refusals import add_refusal
from hirocrm.web.settings.forms import TokenForm
from hirocrm.web.settings.navigation import tabs


@never_cache
@require_http_methods(["GET", "POST"])
@member_required
def tokens(request: MemberHttpRequest) -> HttpResponse:
    """Show live tokens; a POST makes one and shows its secret this once."""
    permissions.require(request.member, Right.READ)
    if request.method == "GET":
        return _show(request, TokenForm())
    form = TokenForm(request.POST)
    if form.is_valid():
        try:
            token, secret = services.create_api_token(
                member=request.member,
                name=form.cleaned_data["name"],
                scopes=[form.cleaned_data["scope"]],
                now=clock.now(),
            )
        except Invalid as exc:
            add_refusal(form, exc)
        else:
            return _show(request, TokenForm(), made=(token.name, secret))
    return _show(request, form, status=422)


def _show(
    request: MemberHttpRequest,
    form: TokenForm,
    *,
    made: tuple[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    rows = queries.list_api_tokens(member=request.member).order_by("-created_at", "-id")
    context = {"tabs": tabs(request), "tokens": rows, "form": form, "made": made}
    return render(request, "settings/tokens.html", context, status=status)


@require_POST
@member_required
def revoke(request: MemberHttpRequest, token_id: UUID) -> HttpResponse:
    """End a token."""
    services.revoke_api_token(member=request.member, token_id=token_id, now=clock.now())
    messages.success(request, _("The token is revoked."))
    return redirect("tokens")
