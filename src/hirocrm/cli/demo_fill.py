"""The part of `hirocrm demo` that acts as its user: connects the Pages, syncs them, shows the result."""

import json
import secrets
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

if TYPE_CHECKING:
    from hirocrm.organizations.models import Member

EMAIL = "demo@example.com"
_NAMES_SHOWN = 40  # of a stage; the samples fit
_QUOTE_LENGTH = 90


def demo_fill(pages: Annotated[str, typer.Argument(help="The sandbox's Pages as JSON.")]) -> None:
    """Fill a running demo (used by `hirocrm demo`)."""
    from hirocrm.cli.connection import django_on_database

    with django_on_database():
        member = _demo_member()
        for page in json.loads(pages):
            _sync_page(member, page)
        _show_stages(member)
        _show_addresses(member)


def _demo_member() -> "Member":
    from hirocrm.core import clock
    from hirocrm.organizations import queries
    from hirocrm.organizations.models import User
    from hirocrm.pipelines.onboarding import create_user_with_organization

    user = User.objects.filter(email=EMAIL).first()
    member = queries.find_member(user=user) if user else None
    return member or create_user_with_organization(
        email=EMAIL,
        password=secrets.token_urlsafe(16),
        organization_name="Demo",
        now=clock.now(),
    )


def _sync_page(member: "Member", facts: dict[str, Any]) -> None:
    """Connect one Page as a person would, and sync it."""
    from hirocrm.cli.runs import follow, report
    from hirocrm.core import clock
    from hirocrm.meta import services as meta
    from hirocrm.meta.services import PageAccess
    from hirocrm.pipelines.models import Pipeline
    from hirocrm.sync import services as sync

    access = PageAccess(
        remote_id=facts["id"],
        name=facts["name"],
        access_token=facts["access_token"],
        instagram_account_id=facts["instagram_id"] or None,
        instagram_username=facts["instagram_username"],
    )
    page, is_new = meta.connect_page(member=member, access=access, now=clock.now())
    if is_new:
        pipeline = Pipeline.objects.get(organization=member.organization, is_default=True)
        changes = {"auto_pipeline_id": pipeline.pk}
        page = meta.update_page(member=member, reference=str(page.pk), changes=changes)
    run = follow(sync.start_sync(page=page, member=member, now=clock.now()), quiet=False)
    print(f"\n{page.name}")
    report(run, as_json=False)


def _show_stages(member: "Member") -> None:
    """Print each stage with its best contacts, and the customer's words behind the first."""
    from hirocrm.contacts.models import Contact
    from hirocrm.pipelines.models import Stage

    for stage in Stage.objects.filter(organization=member.organization, pipeline__is_default=True):
        contacts = Contact.objects.filter(organization=member.organization, stage=stage)
        best = list(contacts.order_by("-lead_score", "id")[:_NAMES_SHOWN])
        count = contacts.count()
        print(f"\n{stage.name} ({count})")
        for contact in best:
            name = f"{contact.first_name} {contact.last_name}".strip() or contact.username
            quote = _quote_for(contact.pk)
            print(f"  {contact.lead_score or 0:>3}  {name:<24.24} {quote}".rstrip())
        if count > len(best):
            print(f"       and {count - len(best)} more")


def _quote_for(contact_id: UUID) -> str:
    from hirocrm.analysis.models import Analysis

    analysis = Analysis.objects.filter(contact_id=contact_id).order_by("-created_at", "-id").first()
    if analysis is None or not analysis.evidence:
        return ""
    words = " ".join(str(analysis.evidence[0]["quote"]).split())
    return f"“{words[:_QUOTE_LENGTH]}{'…' if len(words) > _QUOTE_LENGTH else ''}”"


def _show_addresses(member: "Member") -> None:
    from django.conf import settings

    from hirocrm.core import clock
    from hirocrm.organizations.permissions import Scope
    from hirocrm.organizations.services import create_api_token
    from hirocrm.organizations.sign_in_links import make_sign_in_path

    _, token = create_api_token(member=member, name="demo", scopes=list(Scope), now=clock.now())
    print(f"\nSigned-in link   {settings.BASE_URL}{make_sign_in_path(member.user)}")
    print(f"API              {settings.BASE_URL}/api/docs")
    print(f"API token        {token}", flush=True)
