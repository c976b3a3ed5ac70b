"""Writes on pipelines themselves: from scratch, from a template, changes, removal."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import F

from hirocrm.contacts.models import Contact
from hirocrm.core.errors import Invalid
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member, Organization
from hirocrm.organizations.permissions import Right
from hirocrm.organizations.services import record_audit
from hirocrm.pipelines import queries
from hirocrm.pipelines.errors import NameTaken, PipelineNotFound, TemplateUnknown
from hirocrm.pipelines.models import Pipeline, Stage, Suggestion
from hirocrm.pipelines.templates import SALES, TEMPLATES, PipelineTemplate

PIPELINE_FIELDS = frozenset(
    {"name", "description", "ai_prompt", "ai_examples", "business_description", "is_default"}
)


@transaction.atomic
def create_pipeline(
    *,
    member: Member,
    name: str,
    fields: Mapping[str, Any],
    stages: Sequence[Mapping[str, Any]] = (),
) -> Pipeline:
    """Save a pipeline with these stages, in order; there may be none.

    Raises:
        NameTaken: another pipeline is called so, or two of the stages.
    """
    permissions.require(member, Right.CONFIGURE)
    allowed = {key: fields[key] for key in PIPELINE_FIELDS & fields.keys()}
    pipeline = Pipeline(organization_id=member.organization_id, **allowed)
    pipeline.name = checked_name(name)
    _save(pipeline, new=True)
    _add_stages(pipeline, stages)
    record_audit(member=member, action="pipeline.created", subject=pipeline.name)
    return pipeline


def _add_stages(pipeline: Pipeline, stages: Sequence[Mapping[str, Any]]) -> None:
    """Save the first stages of a pipeline."""
    rows = [
        Stage(organization_id=pipeline.organization_id, pipeline=pipeline, order=order, **stage)
        for order, stage in enumerate(stages)
    ]
    for row in rows:
        row.name = checked_name(row.name)
    try:
        with transaction.atomic():
            Stage.objects.bulk_create(rows)
    except IntegrityError as exc:
        raise NameTaken("Two of the stages have the same name.", field="stages") from exc


@transaction.atomic
def add_template(*, member: Member, key: str, name: str | None = None) -> Pipeline:
    """Save a pipeline with the stages of a template; a taken name gets a number.

    Raises:
        TemplateUnknown: no template has this key.
    """
    permissions.require(member, Right.CONFIGURE)
    template = TEMPLATES.get(key)
    if template is None:
        raise TemplateUnknown(f"template must be one of {', '.join(TEMPLATES)}.", field="template")
    wanted = checked_name(name) if name else template.name
    pipeline = _fill(
        template, organization=member.organization, name=_free_name(member.organization_id, wanted)
    )
    record_audit(member=member, action="pipeline.created", subject=pipeline.name)
    return pipeline


def create_default_pipeline(*, organization: Organization) -> Pipeline:
    """Give a new organization its "Sales Pipeline"."""
    pipeline = _fill(SALES, organization=organization, name=SALES.name)
    pipeline.is_default = True
    pipeline.save(update_fields=["is_default"])
    return pipeline


@transaction.atomic
def update_pipeline(*, member: Member, pipeline_id: UUID, changes: Mapping[str, Any]) -> Pipeline:
    """Change name, descriptions, the AI's instructions and examples, or make it the default.

    Raises:
        NameTaken: another pipeline is called so.
        PipelineNotFound: no such pipeline here.
    """
    permissions.require(member, Right.CONFIGURE)
    pipeline = queries.get_pipeline(member=member, pipeline_id=pipeline_id)
    fields = sorted(PIPELINE_FIELDS & changes.keys())
    for field in fields:
        setattr(pipeline, field, changes[field])
    if "name" in fields:
        pipeline.name = checked_name(pipeline.name)
    _save(pipeline, fields=[*fields, "updated_at"])
    if changes.get("is_default"):
        _others(pipeline).update(is_default=False)
    record_audit(
        member=member,
        action="pipeline.changed",
        subject=pipeline.name,
        details={"fields": fields},
    )
    return pipeline


@transaction.atomic
def delete_pipeline(*, member: Member, pipeline_id: UUID) -> None:
    """Remove a pipeline and its stages; its contacts stay, without a pipeline.

    Raises:
        PipelineNotFound: no such pipeline here.
    """
    permissions.require(member, Right.CONFIGURE)
    rows = Pipeline.objects.filter(organization_id=member.organization_id, id=pipeline_id)
    pipeline = rows.select_for_update().first()
    if pipeline is None:
        raise PipelineNotFound("There is no such pipeline.")
    waiting = Suggestion.objects.filter(pipeline_id=pipeline_id, state="open").values("contact_id")
    Contact.objects.filter(
        organization_id=member.organization_id, id__in=waiting, needs_review=True
    ).update(needs_review=False)
    Contact.objects.filter(organization_id=member.organization_id, pipeline_id=pipeline_id).update(
        pipeline=None, stage=None, stage_entered_at=None, version=F("version") + 1
    )
    record_audit(member=member, action="pipeline.deleted", subject=pipeline.name)
    pipeline.delete()


def checked_name(name: str) -> str:
    """The name without surrounding space.

    Raises:
        Invalid: nothing is left of it.
    """
    name = name.strip()
    if not name:
        raise Invalid("Give a name.", field="name")
    return name


def _fill(template: PipelineTemplate, *, organization: Organization, name: str) -> Pipeline:
    pipeline = Pipeline.objects.create(
        organization=organization, name=name, description=template.description
    )
    Stage.objects.bulk_create(
        Stage(
            organization=organization,
            pipeline=pipeline,
            name=stage.name,
            type=stage.type.value,
            color=stage.color,
            description=stage.description,
            order=order,
        )
        for order, stage in enumerate(template.stages)
    )
    return pipeline


def _free_name(organization_id: UUID, wanted: str) -> str:
    taken = {
        name.casefold()
        for name in Pipeline.objects.filter(organization_id=organization_id).values_list(
            "name", flat=True
        )
    }
    name, number = wanted, 1
    while name.casefold() in taken:
        number += 1
        name = f"{wanted} {number}"
    return name


def _others(pipeline: Pipeline) -> Any:
    return Pipeline.objects.filter(organization_id=pipeline.organization_id).exclude(id=pipeline.id)


def _save(pipeline: Pipeline, *, new: bool = False, fields: list[str] | None = None) -> None:
    try:
        with transaction.atomic():
            pipeline.save(force_insert=new, update_fields=fields)
    except IntegrityError as exc:
        raise NameTaken(
            f"There is a pipeline called “{pipeline.name}” already.", field="name"
        ) from exc
