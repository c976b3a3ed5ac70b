"""A person's moves, one or thousands: the same few statements either way.

Each move writes the contact, its timeline, its stage history, and what the move says of the AI's last
word: agreeing with it marks the assignment right, anything else wrong. Corrections are training data.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F, QuerySet

from hirocrm.contacts import queries as contact_queries
from hirocrm.contacts.models import Activity, ActivityType, Contact, MovedBy, StageChange
from hirocrm.contacts.services.timeline import build_activity
from hirocrm.core import events
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines import queries
from hirocrm.pipelines.errors import (
    ContactMoved,
    PipelineNotFound,
    PipelineUnknown,
    StageNotFound,
    StageUnknown,
)
from hirocrm.pipelines.models import Stage
from hirocrm.pipelines.services.verdicts import give_verdicts

BATCH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Where to, by whom, why and when."""

    member: Member
    stage: Stage
    reason: str
    now: datetime
    title: str = ""  # of the timeline's entry; empty: "Moved to …"
    description: str = ""  # of the timeline's entry; empty: the reason
    metadata: Mapping[str, object] = field(default_factory=dict)


@transaction.atomic
def move_contact(
    *,
    member: Member,
    contact_id: UUID,
    pipeline_id: UUID | None = None,
    stage_id: UUID,
    reason: str = "",
    expected_version: int | None = None,
    now: datetime,
) -> Contact:
    """Put a contact into a stage; putting it where it is says that the AI was right.

    The contact comes back with its stage and that one's pipeline. Without `pipeline_id` the stage may be in any.

    Raises:
        ContactMoved: `expected_version` is given and somebody moved it since; the sentence says who.
        ContactNotFound: no such contact here.
        PipelineUnknown: the organization has no such pipeline.
        StageNotFound: the organization has no such stage, and no pipeline was named.
        StageUnknown: the pipeline has no such stage.
    """
    permissions.require(member, Right.WORK)
    contact = contact_queries.get_contact(member=member, contact_id=contact_id, for_update=True)
    _refuse_stale(contact, expected_version)
    stage = get_target(member=member, pipeline_id=pipeline_id, stage_id=stage_id)
    from_stage_id = contact.stage_id
    move = Move(member=member, stage=stage, reason=reason, now=now)
    _judge([contact], move)
    write_move([contact], move)
    publish_move(contact, member=member, from_stage_id=from_stage_id)
    return contact


@transaction.atomic
def move_contacts(
    *,
    member: Member,
    contacts: QuerySet[Contact],
    pipeline_id: UUID,
    stage_id: UUID,
    reason: str = "",
    corrects_ai: bool = True,
    now: datetime,
) -> int:
    """Put many contacts into a stage; returns how many weren't there yet.

    Raises:
        PipelineUnknown: the organization has no such pipeline.
        StageUnknown: the pipeline has no such stage.
    """
    permissions.require(member, Right.WORK)
    stage = get_target(member=member, pipeline_id=pipeline_id, stage_id=stage_id)
    move = Move(member=member, stage=stage, reason=reason, now=now)
    # Ordered, so that two such moves can't wait for each other.
    ids = list(contacts.order_by("id").values_list("id", flat=True))
    moved = 0
    for start in range(0, len(ids), BATCH):
        rows = (
            Contact.objects.select_for_update()
            .defer("search_text", "search", "ai_context")
            .filter(organization_id=member.organization_id, id__in=ids[start : start + BATCH])
            .order_by("id")
        )
        batch = list(rows)
        if corrects_ai:
            _judge(batch, move)
        moved += write_move(batch, move)
    if moved:
        events.publish(
            organization_id=member.organization_id,
            kind="contacts.moved",
            count=moved,
            toStage=stage.id,
            pipeline=stage.pipeline_id,
            user=member.user_id,
        )
    return moved


def get_target(*, member: Member, pipeline_id: UUID | None, stage_id: UUID) -> Stage:
    """The stage that a request names, with its pipeline; of any pipeline if that is None.

    Raises:
        PipelineUnknown: the organization has no such pipeline.
        StageNotFound: the organization has no such stage, and no pipeline was named.
        StageUnknown: the pipeline has no such stage.
    """
    try:
        return queries.get_stage(member=member, stage_id=stage_id, pipeline_id=pipeline_id)
    except StageNotFound:
        if pipeline_id is None:
            raise
    try:
        pipeline = queries.get_pipeline(member=member, pipeline_id=pipeline_id)
    except PipelineNotFound as exc:
        raise PipelineUnknown(
            "This organization has no such pipeline.", field="pipelineId"
        ) from exc
    raise StageUnknown(f"“{pipeline.name}” has no such stage.", field="stageId")


def publish_move(contact: Contact, *, member: Member, from_stage_id: UUID | None) -> None:
    """Tell live pages where the contact is now."""
    events.publish(
        organization_id=member.organization_id,
        kind="contact.moved",
        contact=contact.id,
        fromStage=from_stage_id,
        toStage=contact.stage_id,
        pipeline=contact.pipeline_id,
        version=contact.version,
        user=member.user_id,
    )


def write_move(contacts: Sequence[Contact], move: Move) -> int:
    """Write the move of locked contacts; returns how many changed their stage."""
    moving = [contact for contact in contacts if contact.stage_id != move.stage.id]
    Activity.objects.bulk_create((_activity(row, move) for row in moving), batch_size=BATCH)
    StageChange.objects.bulk_create((_stage_change(row, move) for row in moving), batch_size=BATCH)
    _update(contacts, move)
    return len(moving)


def _judge(contacts: Sequence[Contact], move: Move) -> None:
    give_verdicts(
        contacts=contacts,
        stage=move.stage,
        reason=move.reason,
        user_id=move.member.user_id,
        now=move.now,
    )


def _update(contacts: Sequence[Contact], move: Move) -> None:
    """Write the contacts, and bring the given objects up to date."""
    fields: dict[str, Any] = {
        "pipeline_id": move.stage.pipeline_id,
        "stage_id": move.stage.id,
        "needs_review": False,
        "moved_by": MovedBy.PERSON,
        "moved_by_person_at": move.now,
        "updated_at": move.now,
    }
    moving = [contact for contact in contacts if contact.stage_id != move.stage.id]
    staying = [contact for contact in contacts if contact.stage_id == move.stage.id]
    version = F("version") + 1
    # Each row once: an update of a contact touches all its indexes, the search index among them.
    Contact.objects.filter(id__in=[row.id for row in moving]).update(
        **fields, version=version, stage_entered_at=move.now
    )
    Contact.objects.filter(id__in=[row.id for row in staying]).update(**fields, version=version)
    for contact in moving:
        contact.stage_entered_at = move.now
    for contact in contacts:
        contact.version += 1
        for name, value in fields.items():
            setattr(contact, name, value)
        contact.stage = move.stage


def _activity(contact: Contact, move: Move) -> Activity:
    activity = build_activity(
        member=move.member,
        contact_id=contact.id,
        kind=ActivityType.STAGE_CHANGED,
        title=move.title or f"Moved to {move.stage.name}",
        description=move.description or move.reason,
        metadata=move.metadata,
        now=move.now,
    )
    activity.from_stage_id = contact.stage_id
    activity.to_stage_id = move.stage.id
    return activity


def _stage_change(contact: Contact, move: Move) -> StageChange:
    entered_at = contact.stage_entered_at
    return StageChange(
        organization_id=contact.organization_id,
        contact_id=contact.id,
        from_pipeline_id=contact.pipeline_id,
        from_stage_id=contact.stage_id,
        to_pipeline_id=move.stage.pipeline_id,
        to_stage_id=move.stage.id,
        moved_by=MovedBy.PERSON,
        user_id=move.member.user_id,
        reason=move.reason,
        seconds_in_stage=int((move.now - entered_at).total_seconds()) if entered_at else None,
        created_at=move.now,
    )


def _refuse_stale(contact: Contact, expected_version: int | None) -> None:
    if expected_version is None or expected_version == contact.version:
        return
    who, where = queries.describe_last_move(contact)
    raise ContactMoved(
        f"{who} moved {contact.name or 'this contact'} to {where} in the meantime.",
        version=contact.version,
        stage_id=contact.stage_id,
        pipeline_id=contact.pipeline_id,
    )
