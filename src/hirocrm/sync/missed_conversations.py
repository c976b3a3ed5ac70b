"""Conversations that a walk couldn't read: an incremental one never comes by them again, so they are noted."""

from collections.abc import Sequence

from django.db.models import Exists, OuterRef, Q, QuerySet

from hirocrm.contacts.snapshots import ConversationSnapshot
from hirocrm.core.bulk import insert_rows
from hirocrm.sync.lifecycle import Trouble
from hirocrm.sync.models import MissedConversation, RunError, SyncRun

MAX_TRIES = 8  # then only a person's retry, or news that brings it to a walk, asks for it again
ASKED_AT_ONCE = 200  # in one run


def with_misses(runs: QuerySet[SyncRun]) -> QuerySet[SyncRun]:
    """The runs, each with `has_misses`: whether its Page has any, so that `note` needn't ask for each page."""
    return runs.annotate(
        has_misses=Exists(MissedConversation.objects.filter(page=OuterRef("page")))
    )


def note(
    run: SyncRun,
    platform: str,
    snapshots: Sequence[ConversationSnapshot],
    troubles: Sequence[Trouble],
) -> None:
    """Note what couldn't be read, and forget what was, in the caller's transaction."""
    failed = sorted({trouble.remote_id for trouble in troubles if trouble.remote_id})
    read = {snapshot.remote_id for snapshot in snapshots if snapshot.remote_id} - set(failed)
    if getattr(run, "has_misses", True):
        MissedConversation.objects.filter(
            page=run.own_page, platform=platform, remote_id__in=read
        ).delete()
    table = MissedConversation._meta.db_table  # noqa: SLF001  # Django documents _meta
    insert_rows(
        MissedConversation,
        ["organization", "page", "platform", "remote_id", "run", "tries"],
        [(run.organization_id, run.page_id, platform, name, run.pk, 1) for name in failed],
        on_conflict="(page_id, platform, remote_id) DO UPDATE SET run_id = EXCLUDED.run_id, tries ="
        f" {table}.tries + CASE WHEN {table}.run_id = EXCLUDED.run_id THEN 0 ELSE 1 END",
    )


def to_ask_for(run: SyncRun, platform: str) -> list[str]:
    """The ids that the run should ask Meta for again, those left out that it has tried itself."""
    rows = MissedConversation.objects.filter(
        Q(run=None) | ~Q(run=run), page=run.own_page, platform=platform, tries__lt=MAX_TRIES
    )
    return list(rows.order_by("id").values_list("remote_id", flat=True)[:ASKED_AT_ONCE])


def allow_again(run: SyncRun) -> int:
    """Let syncs ask anew for what the run couldn't read and nothing has read since; returns how many."""
    if run.page is None:
        return 0
    failed = RunError.objects.filter(
        organization_id=run.organization_id, run=run, conversation_id=None
    )
    return MissedConversation.objects.filter(
        page=run.own_page, remote_id__in=failed.values("remote_id")
    ).update(tries=0)
