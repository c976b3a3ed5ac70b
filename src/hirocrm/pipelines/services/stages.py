"""Writes on the stages of a pipeline."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max

from hirocrm.contacts.models import Contact
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.organizations.services import record_audit
from hirocrm.pipelines import queries
from hirocrm.pipelines.errors import NameTaken, StageNotEmpty, StageUnknown
from hirocrm.pipelines.models import Pipeline, Stage, Suggestion, SuggestionState
from hirocrm.pipelines.services.moves import move_contacts
from hirocrm.pipelines.services.pipelines import checked_name

STAGE_FIELDS = frozenset({"name", "description", "type", "color"})


@transaction.atomic
def create_stage(
    *, member: Member, pipeline_id: UUID, name: str, fields: Mapping[str, Any]
) -> Stage:
    """Add a stage at the end of a pipeline.

    Raises:
        NameTaken: another stage of the pipeline is called so.
        PipelineNotFound: no such pipeline here.
    """
    permissions.require(member, Right.CONFIGURE)
    pipeline = _locked(member, pipeline_id)
    last = pipeline.stages.aggregate(last=Max("order"))["last"]
    allowed = {key: fields[key] for key in STAGE_FIELDS & fields.keys()}
    stage = Stage(organization_id=member.organization_id, pipeline=pipeline, **allowed)
    stage.name = checked_name(name)
    stage.order = 0 if last is None else last + 1
    _save(stage, new=True)
    record_audit(member=member, action="stage.created", subject=stage.name)
    return stage


@transaction.atomic
def update_stage(*, member: Member, stage_id: UUID, changes: Mapping[str, Any]) -> Stage:
    """Change a stage's name, description, type or colour.

    Raises:
        NameTaken: another stage of the pipeline is called so.
        StageNotFound: no such stage here.
    """
    permissions.require(member, Right.CONFIGURE)
    stage = queries.get_stage(member=member, stage_id=stage_id)
    fields = sorted(STAGE_FIELDS & changes.keys())
    for field in fields:
        setattr(stage, field, changes[field])
    if "name" in fields:
        stage.name = checked_name(stage.name)
    if fields:
        _save(stage, fields=fields)
        record_audit(member=member, action="stage.changed", subject=stage.name)
    return stage


@transaction.atomic
def reorder_stages(*, member: Member, pipeline_id: UUID, stage_ids: Sequence[UUID]) -> Pipeline:
    """Put a pipeline's stages in this order, which must name each of them once.

    Raises:
        PipelineNotFound: no such pipeline here.
        StageUnknown: a stage is missing, named twice, or of another pipeline.
    """
    permissions.require(member, Right.CONFIGURE)
    pipeline = _locked(member, pipeline_id)
    stages = {stage.id: stage for stage in pipeline.stages.all()}
    if len(stage_ids) != len(stages) or set(stage_ids) != stages.keys():
        raise StageUnknown("Name each stage of the pipeline once.", field="stageIds")
    for order, stage_id in enumerate(stage_ids):
        stages[stage_id].order = order
    Stage.objects.bulk_update(stages.values(), ["order"])
    record_audit(member=member, action="pipeline.reordered", subject=pipeline.name)
    return queries.get_pipeline(member=member, pipeline_id=pipeline_id)


@transaction.atomic
def delete_stage(
    *, member: Member, stage_id: UUID, move_to: UUID | None = None, now: datetime
) -> int:
    """Remove a stage; its contacts go to `move_to`, a stage of the same pipeline. Returns how many went.

    Raises:
        StageNotEmpty: it holds contacts and `move_to` isn't given.
        StageNotFound: no such stage here.
        StageUnknown: `move_to` is no other stage of the pipeline.
    """
    permissions.require(member, Right.CONFIGURE)
    stage = queries.get_stage(member=member, stage_id=stage_id)
    pipeline = _locked(member, stage.pipeline_id)
    contacts = Contact.objects.filter(organization_id=member.organization_id, stage_id=stage_id)
    moved = 0
    if move_to is not None:
        _refuse_foreign_target(pipeline, stage_id, move_to)
        reason = f"The stage “{stage.name}” was removed."
        moved = move_contacts(
            member=member,
            contacts=contacts,
            pipeline_id=pipeline.id,
            stage_id=move_to,
            reason=reason,
            corrects_ai=False,
            now=now,
        )
    else:
        _refuse_unless_empty(stage, contacts.count())
    waiting = Suggestion.objects.filter(stage_id=stage_id, state=SuggestionState.OPEN)
    Contact.objects.filter(
        organization_id=member.organization_id, id__in=waiting.values("contact_id")
    ).update(needs_review=False)
    record_audit(member=member, action="stage.deleted", subject=stage.name)
    stage.delete()
    return moved


def _refuse_unless_empty(stage: Stage, count: int) -> None:
    if count:
        raise StageNotEmpty(
            f"“{stage.name}” holds {count} contact{'s' * (count > 1)}. "
            "Say with moveTo which stage they go to.",
            contacts=count,
        )


def _refuse_foreign_target(pipeline: Pipeline, stage_id: UUID, move_to: UUID) -> None:
    if move_to == stage_id or not pipeline.stages.filter(id=move_to).exists():
        raise StageUnknown("moveTo must be another stage of the same pipeline.", field="moveTo")


def _locked(member: Member, pipeline_id: UUID) -> Pipeline:
    """The pipeline, locked so that two people can't number its stages at once."""
    queries.get_pipeline(member=member, pipeline_id=pipeline_id)
    return Pipeline.objects.select_for_update().get(id=pipeline_id)


def _save(stage: Stage, *, new: bool = False, fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            stage.save(force_insert=new, update_fields=fields)
    except IntegrityError as exc:
        raise NameTaken(
            f"The pipeline has a stage called “{stage.name}” already.", field="name"
        ) from exc
