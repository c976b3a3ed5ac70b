"""AI: keys with their state, the analyser in force, spending and its ceiling."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from hirocrm.analysis import queries, services
from hirocrm.analysis.key_pool.keyring import KEY_SETTINGS, VENDOR_TITLES
from hirocrm.analysis.key_pool.window import next_pacific_midnight
from hirocrm.analysis.model_lists import Unchecked
from hirocrm.core import clock
from hirocrm.core.errors import Conflict, Forbidden, Invalid, UpstreamError
from hirocrm.organizations import permissions
from hirocrm.organizations import services as organizations
from hirocrm.organizations.permissions import Right
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.refusals import add_refusal
from hirocrm.web.settings.analysers import FIELDS_OF_REFUSALS, AnalysersForm, describe
from hirocrm.web.settings.forms import CeilingForm, KeyForm
from hirocrm.web.settings.navigation import tabs
from hirocrm.web.settings.presentation import day_rows, dollars, key_rows

DAYS = 30


@require_http_methods(["GET", "POST"])
@member_required
def ai_settings(request: MemberHttpRequest) -> HttpResponse:
    """Show everything about the AI; a POST adds a key."""
    permissions.require(request.member, Right.CONFIGURE)
    if request.method == "GET":
        return _show(request)
    form = KeyForm(request.POST)
    if form.is_valid():
        try:
            return _add(request, form)
        except (Invalid, Conflict) as exc:
            add_refusal(form, exc)
    return _show(request, key_form=form, status=422)


def _add(request: MemberHttpRequest, form: KeyForm) -> HttpResponse:
    services.add_key(
        member=request.member,
        provider=form.cleaned_data["provider"],
        secret=form.cleaned_data["key"],
        label=form.cleaned_data["label"],
        project_group=form.cleaned_data["project_group"],
    )
    messages.success(request, _("The key is kept. Press “Test” to see that it works."))
    return redirect("ai-settings")


def _show(
    request: MemberHttpRequest,
    *,
    key_form: KeyForm | None = None,
    ceiling_form: CeilingForm | None = None,
    analysers_form: AnalysersForm | None = None,
    status: int = 200,
) -> HttpResponse:
    now = clock.now()
    read_by = queries.get_analysers(member=request.member)
    spending = queries.get_spending(member=request.member, days=DAYS, now=now)
    ceiling = spending.monthly_ceiling_micro_usd
    context = {
        "tabs": tabs(request),
        "keys": key_rows(queries.list_keys(member=request.member, now=now)),
        "day_ends_at": next_pacific_midnight(now),
        "notices": queries.list_key_notices(member=request.member, now=now),
        "analysers": describe(read_by),
        "order_is_chosen": bool(read_by.choice.order),
        "order_setting": ", ".join(settings.ANALYZER_ORDER),
        "vendors": [(VENDOR_TITLES[name], setting) for name, setting in KEY_SETTINGS.items()],
        "spent": dollars(spending.month_cost_micro_usd),
        "ceiling": None if ceiling is None else dollars(ceiling),
        "spent_cents": spending.month_cost_micro_usd // 10_000,
        "ceiling_cents": None if ceiling is None else max(1, ceiling // 10_000),
        "days": day_rows(spending.days),
        "key_form": key_form or KeyForm(),
        "analysers_form": analysers_form or AnalysersForm(read_by=read_by),
        "ceiling_form": ceiling_form
        or CeilingForm(
            initial={"monthly_ceiling": None if ceiling is None else ceiling / 1_000_000}
        ),
    }
    return render(request, "settings/ai.html", context, status=status)


@require_POST
@member_required
def ceiling(request: MemberHttpRequest) -> HttpResponse:
    """Set the monthly ceiling."""
    permissions.require(request.member, Right.CONFIGURE)
    form = CeilingForm(request.POST)
    if not form.is_valid():
        return _show(request, ceiling_form=form, status=422)
    organizations.update_organization(
        member=request.member, changes={"monthly_ceiling_micro_usd": form.micro_usd()}
    )
    messages.success(request, _("Saved."))
    return redirect("ai-settings")


@require_POST
@member_required
def analysers(request: MemberHttpRequest) -> HttpResponse:
    """Set who reads the conversations, with which models."""
    form = AnalysersForm(request.POST, read_by=queries.get_analysers(member=request.member))
    if form.is_valid():
        try:
            unchecked = services.choose_analysers(
                member=request.member, order=form.order(), models=form.vendor_models()
            )
        except (Invalid, Forbidden) as exc:
            add_refusal(form, exc, FIELDS_OF_REFUSALS)
        else:
            _say_what_is_unchecked(request, unchecked)
            return redirect("ai-settings")
    return _show(request, analysers_form=form, status=422)


def _say_what_is_unchecked(request: MemberHttpRequest, unchecked: list[Unchecked]) -> None:
    messages.success(request, _("Saved. The next conversations are read so."))
    for one in unchecked:
        names = {"vendor": VENDOR_TITLES[one.provider], "why": one.why}
        messages.warning(
            request, _("Whether %(vendor)s has the model is not known: %(why)s") % names
        )


@require_POST
@member_required
def test_key(request: MemberHttpRequest, key_id: UUID) -> HttpResponse:
    """Ask the vendor something tiny with the key."""
    try:
        model = services.test_key(member=request.member, key_id=key_id)
    except (Invalid, UpstreamError) as exc:
        messages.error(request, exc.sentence)
    else:
        messages.success(request, _("The key works: %(model)s answered.") % {"model": model})
    return redirect("ai-settings")


@require_POST
@member_required
def switch_key(request: MemberHttpRequest, key_id: UUID) -> HttpResponse:
    """Take a key into use, or out of it."""
    services.change_key(
        member=request.member, key_id=key_id, is_enabled=request.POST.get("enabled") == "on"
    )
    return redirect("ai-settings")


@require_POST
@member_required
def reset_key(request: MemberHttpRequest, key_id: UUID) -> HttpResponse:
    """Forget that a key was refused or rests."""
    services.reset_key(member=request.member, key_id=key_id)
    messages.success(request, _("The key is tried again from now on."))
    return redirect("ai-settings")


@require_POST
@member_required
def delete_key(request: MemberHttpRequest, key_id: UUID) -> HttpResponse:
    """Delete the organization's own key."""
    try:
        services.delete_key(member=request.member, key_id=key_id)
    except Invalid as exc:
        messages.error(request, exc.sentence)
    else:
        messages.success(request, _("The key is deleted."))
    return redirect("ai-settings")
