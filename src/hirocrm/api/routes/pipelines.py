"""/api/pipelines, their stages and the board."""

from typing import Any
from uuid import UUID

from ninja import Query

from hirocrm.api.auth import MemberRequest
from hirocrm.api.paging import OLDEST_FIRST, list_answer
from hirocrm.api.routes.router import Answer, created, new_router, no_content, refusals
from hirocrm.api.schemas.base import ListOf, Window
from hirocrm.api.schemas.pipelines import (
    BoardOut,
    BoardQuery,
    CardOut,
    CardsOut,
    ColumnOut,
    DeleteStageQuery,
    PipelineIn,
    PipelineOut,
    PipelinePatch,
    StageDeleted,
    StageIn,
    StageOrderIn,
    StageOut,
    StagePatch,
    TemplateOut,
    TemplateStage,
)
from hirocrm.core import clock
from hirocrm.core.errors import Invalid
from hirocrm.core.pagination import Order
from hirocrm.organizations import permissions
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines import queries, services
from hirocrm.pipelines.templates import TEMPLATES

router = new_router("Pipelines")
STAGE_ORDER = (Order("order"), Order("id"))


@router.get("/pipelines", response=ListOf[PipelineOut], operation_id="list_pipelines")
def list_pipelines(request: MemberRequest, window: Query[Window]) -> dict[str, Any]:
    """The organization's pipelines with their stages, oldest first."""
    rows = queries.list_pipelines(member=request.auth)
    return list_answer(rows, PipelineOut.of, order=OLDEST_FIRST, window=window)


@router.get("/pipelines/templates", response=list[TemplateOut], operation_id="list_templates")
def list_templates(request: MemberRequest) -> list[TemplateOut]:
    """Pipelines that can be made at once with `template`."""
    permissions.require(request.auth, Right.READ)
    return [
        TemplateOut(
            key=template.key,
            name=template.name,
            description=template.description,
            stages=[
                TemplateStage(
                    name=stage.name,
                    type=stage.type,
                    color=stage.color,
                    description=stage.description,
                )
                for stage in template.stages
            ],
        )
        for template in TEMPLATES.values()
    ]


@router.post(
    "/pipelines", response={201: PipelineOut, **refusals(409)}, operation_id="create_pipeline"
)
def create_pipeline(request: MemberRequest, body: PipelineIn) -> Answer:
    """Make a pipeline: with a `name` and its `stages` (which can also be added later), or with those of a `template`."""
    if body.template is not None and body.stages:
        permissions.require(request.auth, Right.CONFIGURE)
        raise Invalid("Give stages, or a template that has its own.", field="stages")
    if body.template is not None:
        pipeline = services.add_template(member=request.auth, key=body.template, name=body.name)
    elif body.name is not None:
        fields = body.changes()
        pipeline = services.create_pipeline(
            member=request.auth, name=body.name, fields=fields, stages=body.new_stages()
        )
    else:
        permissions.require(request.auth, Right.CONFIGURE)
        raise Invalid("Give a name, or a template.", field="name")
    return created(PipelineOut.of(pipeline))


@router.get("/pipelines/{pipeline_id}", response=PipelineOut, operation_id="get_pipeline")
def get_pipeline(request: MemberRequest, pipeline_id: UUID) -> PipelineOut:
    """One pipeline with its stages in order."""
    return PipelineOut.of(queries.get_pipeline(member=request.auth, pipeline_id=pipeline_id))


@router.patch(
    "/pipelines/{pipeline_id}",
    response={200: PipelineOut, **refusals(409)},
    operation_id="update_pipeline",
)
def update_pipeline(request: MemberRequest, pipeline_id: UUID, body: PipelinePatch) -> PipelineOut:
    """Change a pipeline's name, descriptions, instructions or examples, or make it the default."""
    pipeline = services.update_pipeline(
        member=request.auth, pipeline_id=pipeline_id, changes=body.changes()
    )
    return PipelineOut.of(pipeline)


@router.delete("/pipelines/{pipeline_id}", response={204: None}, operation_id="delete_pipeline")
def delete_pipeline(request: MemberRequest, pipeline_id: UUID) -> Answer:
    """Remove a pipeline and its stages. Its contacts stay, without a pipeline."""
    services.delete_pipeline(member=request.auth, pipeline_id=pipeline_id)
    return no_content()


@router.get(
    "/pipelines/{pipeline_id}/stages", response=ListOf[StageOut], operation_id="list_stages"
)
def list_stages(request: MemberRequest, pipeline_id: UUID, window: Query[Window]) -> dict[str, Any]:
    """A pipeline's stages in order."""
    rows = queries.list_stages(member=request.auth, pipeline_id=pipeline_id)
    return list_answer(rows, StageOut.of, order=STAGE_ORDER, window=window)


@router.post(
    "/pipelines/{pipeline_id}/stages",
    response={201: StageOut, **refusals(409)},
    operation_id="create_stage",
)
def create_stage(request: MemberRequest, pipeline_id: UUID, body: StageIn) -> Answer:
    """Add a stage at the end of a pipeline."""
    stage = services.create_stage(
        member=request.auth, pipeline_id=pipeline_id, name=body.name, fields=body.changes()
    )
    return created(StageOut.of(stage))


@router.put(
    "/pipelines/{pipeline_id}/stages/order",
    response=PipelineOut,
    operation_id="reorder_stages",
)
def reorder_stages(request: MemberRequest, pipeline_id: UUID, body: StageOrderIn) -> PipelineOut:
    """Put the stages into this order, which names each of them once."""
    pipeline = services.reorder_stages(
        member=request.auth, pipeline_id=pipeline_id, stage_ids=body.stage_ids
    )
    return PipelineOut.of(pipeline)


@router.patch(
    "/stages/{stage_id}", response={200: StageOut, **refusals(409)}, operation_id="update_stage"
)
def update_stage(request: MemberRequest, stage_id: UUID, body: StagePatch) -> StageOut:
    """Change a stage's name, description, type or colour."""
    stage = services.update_stage(member=request.auth, stage_id=stage_id, changes=body.changes())
    return StageOut.of(stage)


@router.delete(
    "/stages/{stage_id}",
    response={200: StageDeleted, **refusals(409)},
    operation_id="delete_stage",
)
def delete_stage(
    request: MemberRequest, stage_id: UUID, query: Query[DeleteStageQuery]
) -> StageDeleted:
    """Remove a stage. Its contacts go to the stage `moveTo` of the same pipeline; needed if it holds any (409)."""
    moved = services.delete_stage(
        member=request.auth, stage_id=stage_id, move_to=query.move_to, now=clock.now()
    )
    return StageDeleted(contacts=moved)


@router.get(
    "/pipelines/{pipeline_id}/board",
    response=BoardOut | CardsOut,
    operation_id="get_board",
)
def get_board(
    request: MemberRequest, pipeline_id: UUID, query: Query[BoardQuery]
) -> BoardOut | CardsOut:
    """The board: for each stage its true count, mean score, how many wait for a reply, and its first 20 cards.

    With `stageId` the answer holds that stage's cards only, after `cursor`. All filters of the contact list apply.
    """
    wanted = query.to_filter()
    if query.stage_id is not None:
        page = queries.list_cards(
            member=request.auth,
            pipeline_id=pipeline_id,
            stage_id=query.stage_id,
            wanted=wanted,
            cursor=query.cursor,
            limit=query.limit,
        )
        return CardsOut(
            pipeline_id=pipeline_id,
            stage_id=query.stage_id,
            items=[CardOut.of(contact) for contact in page.items],
            next_cursor=page.next_cursor,
        )
    pipeline, columns = queries.get_board(
        member=request.auth, pipeline_id=pipeline_id, wanted=wanted
    )
    return BoardOut(
        pipeline_id=pipeline.id,
        name=pipeline.name,
        columns=[ColumnOut.of(column) for column in columns],
    )
