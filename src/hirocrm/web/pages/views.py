"""A Page's settings, and what starts from its card."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from hirocrm.analysis.threshold import preview_threshold
from hirocrm.contacts.queries.coverage import list_coverage
from hirocrm.core import clock
from hirocrm.core.errors import Conflict, Invalid, UpstreamError
from hirocrm.meta import checkup, queries, services
from hirocrm.meta.models import Flavour
from hirocrm.meta.services import PageAccess
from hirocrm.organizations import permissions
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines import queries as pipelines
from hirocrm.sync import pages as page_endings
from hirocrm.sync import services as syncing
from hirocrm.web.connect.catching_up import fetch_what_was_missed
from hirocrm.web.members import MemberHttpRequest, member_required
from hirocrm.web.pages.forms import (
    ConnectForm,
    InstagramConnectForm,
    PageSettingsForm,
    ThresholdForm,
)
from hirocrm.web.pages.presentation import doors, standing_of
from hirocrm.web.refusals import add_refusal
from hirocrm.web.rights import rights_of

FIELD_NAMES = {"pageAccessToken": "page_access_token", "pageId": "page_id"}
INSTAGRAM_FIELD_NAMES = {"pageAccessToken": "instagram_access_token"}


@require_http_methods(["GET", "POST"])
@member_required
def connect(request: MemberHttpRequest) -> HttpResponse:
    """The ways to connect a Page, or to reconnect one: by logging in at Meta, or by its own token."""
    permissions.require(request.member, Right.CONFIGURE)
    form = ConnectForm(initial={"page_id": request.GET.get("page", "")})
    instagram_form = InstagramConnectForm()
    if request.method == "GET":
        return _show_connect(request, form, instagram_form)
    shown: forms.Form
    if request.POST.get("flavour") == Flavour.INSTAGRAM:
        shown = instagram_form = InstagramConnectForm(request.POST)
        access_of = _instagram_access
    else:
        shown = form = ConnectForm(request.POST)
        access_of = _page_access
    if shown.is_valid():
        try:
            return _connect(request, access_of(shown.cleaned_data))
        except (Invalid, Conflict, UpstreamError) as exc:
            names = INSTAGRAM_FIELD_NAMES if shown is instagram_form else FIELD_NAMES
            add_refusal(shown, exc, names)
    return _show_connect(request, form, instagram_form, status=422)


def _show_connect(
    request: MemberHttpRequest,
    form: forms.Form,
    instagram_form: forms.Form,
    *,
    status: int = 200,
) -> HttpResponse:
    reference = request.GET.get("page", "")
    pages = queries.list_pages(member=request.member).filter(queries.by_reference(reference))
    context = {
        "form": form,
        "instagram_form": instagram_form,
        "page": pages.first() if reference else None,
        **doors(),
    }
    return render(request, "pages/connect.html", context, status=status)


def _page_access(given: dict[str, Any]) -> PageAccess:
    return PageAccess(
        remote_id=given["page_id"],
        name=given["page_name"],
        access_token=given["page_access_token"],
    )


def _instagram_access(given: dict[str, Any]) -> PageAccess:
    return PageAccess(
        remote_id="",
        name="",
        access_token=given["instagram_access_token"],
        flavour=Flavour.INSTAGRAM,
    )


def _connect(request: MemberHttpRequest, access: PageAccess) -> HttpResponse:
    page, is_new = services.connect_page(member=request.member, access=access, now=clock.now())
    if is_new:
        messages.success(request, _("%(name)s is connected.") % {"name": page.name})
        return redirect("page-settings", page.id)
    messages.success(request, _("%(name)s is connected again.") % {"name": page.name})
    fetch_what_was_missed(request, [page])
    return redirect("pages")


@require_POST
@member_required
def check(request: MemberHttpRequest, page_id: UUID) -> HttpResponse:
    """Look at a Page's connection now."""
    permissions.require(request.member, Right.RUN)
    page = queries.get_page(member=request.member, reference=page_id)
    checkup.check_now(page, now=clock.now())
    page.refresh_from_db()
    standing = standing_of(page, now=clock.now())
    words = {"name": page.name, "state": standing.label}
    if standing.tone == "bad":
        messages.warning(request, _("%(name)s: %(state)s.") % words)
    else:
        messages.success(request, _("Facebook was asked. %(name)s: %(state)s.") % words)
    return redirect(_back(request))


def _back(request: MemberHttpRequest) -> str:
    """The list as it was left, if that is one of our pages."""
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        return wanted
    return reverse("pages")


@require_http_methods(["GET", "POST"])
@member_required
def page_settings(request: MemberHttpRequest, page_id: UUID) -> HttpResponse:
    """A Page's settings."""
    page = queries.get_page(member=request.member, reference=page_id)
    choices = pipelines.list_pipelines(member=request.member)
    if request.method == "GET":
        form = PageSettingsForm(initial=PageSettingsForm.values_of(page), pipelines=choices)
        return _show_settings(request, page_id, form, page.auto_pipeline_confidence_min)
    form = PageSettingsForm(request.POST, pipelines=choices)
    if form.is_valid():
        services.update_page(
            member=request.member, reference=str(page_id), changes=form.cleaned_data
        )
        messages.success(request, _("Saved."))
        return redirect("page-settings", page_id)
    return _show_settings(request, page_id, form, page.auto_pipeline_confidence_min, status=422)


def _show_settings(
    request: MemberHttpRequest,
    page_id: UUID,
    form: PageSettingsForm,
    minimum: int,
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "page": queries.get_page(member=request.member, reference=page_id),
        "form": form,
        "preview": preview_threshold(member=request.member, page_id=page_id, minimum=minimum),
        "may": rights_of(request.member),
    }
    return render(request, "pages/settings.html", context, status=status)


@require_GET
@member_required
def threshold(request: MemberHttpRequest, page_id: UUID) -> HttpResponse:
    """What the threshold that the slider points at would have done to recent contacts."""
    page = queries.get_page(member=request.member, reference=page_id)
    form = ThresholdForm(request.GET)
    minimum = (
        form.cleaned_data["auto_pipeline_confidence_min"]
        if form.is_valid()
        else page.auto_pipeline_confidence_min
    )
    preview = preview_threshold(member=request.member, page_id=page.id, minimum=minimum)
    return render(request, "pages/threshold.html", {"preview": preview})


@require_POST
@member_required
def sync_now(request: MemberHttpRequest, page_id: UUID) -> HttpResponse:
    """Start a sync, or show the one under way."""
    page = queries.get_page(member=request.member, reference=page_id)
    run = syncing.start_sync(
        page=page, member=request.member, full=request.POST.get("full") == "on", now=clock.now()
    )
    return redirect("run", run.id)


@require_http_methods(["GET", "POST"])
@member_required
def remove(request: MemberHttpRequest, page_id: UUID) -> HttpResponse:
    """Ask, then remove a Page; with `erase`, all that came from it."""
    permissions.require(request.member, Right.CONFIGURE)
    page = queries.get_page(member=request.member, reference=page_id)
    if request.method == "GET":
        coverage = list_coverage(member=request.member, page_ids=[page.id]).get(page.id)
        return render(request, "pages/remove.html", {"page": page, "coverage": coverage})
    erase = request.POST.get("erase") == "on"
    page_endings.remove_page(
        member=request.member, reference=str(page.id), erase=erase, now=clock.now()
    )
    words = _("%(name)s and its contacts are erased.") if erase else _("%(name)s is removed.")
    messages.success(request, words % {"name": page.name})
    return redirect("pages")
