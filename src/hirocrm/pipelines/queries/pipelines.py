"""Pipelines and their stages."""

from uuid import UUID

from django.db.models import Prefetch, QuerySet

from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines.errors import PipelineNotFound, StageNotFound
from hirocrm.pipelines.models import Pipeline, Stage

STAGE_ORDER = ("order", "created_at", "id")


def list_pipelines(*, member: Member) -> QuerySet[Pipeline]:
    """The organization's pipelines, oldest first, each with its stages in order."""
    permissions.require(member, Right.READ)
    return _with_stages(Pipeline.objects.filter(organization_id=member.organization_id)).order_by(
        "created_at", "id"
    )


def get_pipeline(*, member: Member, pipeline_id: UUID) -> Pipeline:
    """One pipeline with its stages.

    Raises:
        PipelineNotFound: no such pipeline in the member's organization.
    """
    found = list_pipelines(member=member).filter(id=pipeline_id).first()
    if found is None:
        raise PipelineNotFound("There is no such pipeline.")
    return found


def list_stages(*, member: Member, pipeline_id: UUID) -> QuerySet[Stage]:
    """The stages of one pipeline.

    Raises:
        PipelineNotFound: no such pipeline in the member's organization.
    """
    pipeline = get_pipeline(member=member, pipeline_id=pipeline_id)
    return Stage.objects.filter(organization_id=member.organization_id, pipeline=pipeline)


def find_pipeline(*, organization_id: UUID, pipeline_id: UUID) -> Pipeline | None:
    """One pipeline with its stages, or None if the organization has no such one."""
    rows = Pipeline.objects.filter(organization_id=organization_id, id=pipeline_id)
    return _with_stages(rows).first()


def get_stage(*, member: Member, stage_id: UUID, pipeline_id: UUID | None = None) -> Stage:
    """One stage with its pipeline.

    Raises:
        StageNotFound: no such stage in the member's organization (or in that pipeline).
    """
    permissions.require(member, Right.READ)
    rows = Stage.objects.select_related("pipeline").filter(
        organization_id=member.organization_id, id=stage_id
    )
    if pipeline_id is not None:
        rows = rows.filter(pipeline_id=pipeline_id)
    found = rows.first()
    if found is None:
        raise StageNotFound("There is no such stage.")
    return found


def _with_stages(rows: QuerySet[Pipeline]) -> QuerySet[Pipeline]:
    stages = Stage.objects.order_by(*STAGE_ORDER)
    return rows.prefetch_related(Prefetch("stages", queryset=stages))
