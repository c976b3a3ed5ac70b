"""Demo data: sample conversations on Pages that are marked as demo, and their removal."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from hirocrm.analysis.asker import asker_for
from hirocrm.contacts.snapshots import MessageSource
from hirocrm.core import clock
from hirocrm.meta import queries as pages
from hirocrm.meta.models import ConnectionState, Page, SyncSchedule
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.organizations.services import record_audit
from hirocrm.pipelines.models import Pipeline
from hirocrm.samples import read_samples
from hirocrm.sync import commit, lifecycle, services
from hirocrm.sync.commit import FetchedPage
from hirocrm.sync.models import SyncRun
from hirocrm.sync.pages import remove_page
from hirocrm.sync.plan import plan_for, remember
from hirocrm.sync.sources.samples import read_sample

PLACE = "samples"


@transaction.atomic
def load_demo(*, member: Member, now: datetime) -> list[SyncRun]:
    """Make a demo Page for each sample shop, and start reading its conversations; twice changes nothing."""
    permissions.require(member, Right.CONFIGURE)
    permissions.require(member, Right.RUN)
    shops, _rows = read_samples()
    record_audit(member=member, action="demo.loaded")
    return [
        services.start_samples(
            page=_demo_page(member, shop["name"]), key=shop["key"], member=member, now=now
        )
        for shop in shops
    ]


def _demo_page(member: Member, name: str) -> Page:
    mine = {"organization": member.organization}
    page, _is_new = Page.objects.get_or_create(
        **mine,
        name=name,
        is_demo=True,
        defaults={
            "state": ConnectionState.IMPORTED,
            "sync_schedule": SyncSchedule.OFF,
            "auto_pipeline": Pipeline.objects.filter(**mine, is_default=True).first(),
        },
    )
    return page


def remove_demo(*, member: Member, now: datetime) -> int:
    """Erase all demo Pages with everything that came from them; how many there were."""
    permissions.require(member, Right.CONFIGURE)
    found = list(pages.list_pages(member=member).filter(is_demo=True).values_list("id", flat=True))
    for page_id in found:  # each in a transaction of its own, which is as long as it must be
        remove_page(member=member, reference=str(page_id), erase=True, now=now)
    return len(found)


def read_into(run_id: UUID) -> None:
    """Read the run's sample into its Page. A shop's conversations are few: one commit holds them all."""
    run = lifecycle.begin(run_id=run_id, now=clock.now())
    if run is None or run.page is None:
        return
    plan = plan_for(run, run.page, asker_for(run.page.organization))
    remember(plan)
    snapshots = list(read_sample(run.options["sample"], now=run.created_at))
    SyncRun.objects.filter(pk=run.pk).update(expected=len(snapshots))
    commit.commit_page(
        run_id=run.pk,
        platform=PLACE,
        fetched=FetchedPage(
            snapshots=snapshots, troubles=[], cursor="end", page_size=len(snapshots), skipped=0
        ),
        source=MessageSource.IMPORT,
        rules=plan.rules,
        settings_hash=plan.settings_hash,
        now=clock.now(),
    )
    lifecycle.fetching_ended(run_id=run_id, now=clock.now())
