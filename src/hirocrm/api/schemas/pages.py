"""Pages: the seed's exact shape, and a fuller one."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from hirocrm.api.schemas.base import ApiInput, ApiSchema
from hirocrm.core import clock
from hirocrm.core.vocabulary import StageType
from hirocrm.meta import health
from hirocrm.meta.models import Page, WebhookHealth
from hirocrm.meta.requirements import missing_scopes, missing_tasks

AutoPipelineMode = Literal["SKIP_EXISTING", "UPDATE_EXISTING"]
Schedule = Literal["off", "every_15_minutes", "hourly", "daily"]
ConnectionFlavour = Literal["page", "instagram"]
State = Literal["healthy", "limited", "needs_permission", "needs_reconnect", "removed", "imported"]
PageReference = Annotated[
    str, Field(max_length=64, description="HiroCRM's id of the Page, or Facebook's page id.")
]


class PageStage(ApiSchema):
    """A stage of the target pipeline."""

    id: UUID
    name: str
    type: StageType
    order: int


class PagePipeline(ApiSchema):
    """The target pipeline with its stages in order."""

    id: UUID
    name: str
    stages: list[PageStage]


class PageOut(ApiSchema):
    """A Page and what happens to its contacts. Never a token. `pageId` is Facebook's id, null for an import."""

    id: UUID
    page_id: str | None
    page_name: str
    instagram_account_id: str | None
    instagram_username: str | None
    last_synced_at: datetime | None
    auto_pipeline_id: UUID | None
    auto_pipeline_mode: AutoPipelineMode
    auto_pipeline_confidence_min: int
    auto_pipeline: PagePipeline | None

    @classmethod
    def of(cls, page: Page) -> "PageOut":
        """The row as JSON has it."""
        return cls(**page_fields(page))


class PageWebhooks(ApiSchema):
    """How a Page's webhooks do. `missedCount` is how many messages the last sync brought that a webhook should have.

    `policyAction` is `warning` or `block` while Meta holds a breach of its policies against the Page. `subscribeProblem`
    is why Meta delivers no events.
    """

    listening_since: datetime | None
    last_event_at: datetime | None
    missed_count: int
    missed_total: int
    missed_at: datetime | None
    checked_at: datetime | None
    policy_action: str | None
    policy_reason: str | None
    subscribe_problem: str | None

    @classmethod
    def of(cls, page: Page) -> "PageWebhooks":
        """The row as JSON has it; a Page that never got an event has none."""
        health = getattr(page, "webhook_health", None) or WebhookHealth()
        return cls(
            listening_since=health.listening_since,
            last_event_at=health.last_event_at,
            missed_count=health.missed_count,
            missed_total=health.missed_total,
            missed_at=health.missed_at,
            checked_at=health.repaired_at,
            policy_action=health.policy_action or None,
            policy_reason=health.policy_reason or None,
            subscribe_problem=health.subscribe_problem or None,
        )


class PageDetail(PageOut):
    """A Page with its connection and schedule. `usagePercent` is how much of Meta's rate limit is used.

    `flavour` is `page` for a Facebook Page and `instagram` for an account of Instagram Login, whose `pageId` is
    its own id. `stateReason` says what to do; `removed` means that the app was removed from the Page at Meta.
    What is missing is empty while it isn't known; `tasksReadAt` is when Meta last told the tasks (null: unknown).
    `subscribedFields` are the events that Meta delivers by webhook.
    """

    flavour: ConnectionFlavour
    sync_schedule: Schedule
    keep_manual_moves_days: int
    state: State
    state_reason: str | None
    limited_until: datetime | None
    usage_percent: int
    missing_scopes: list[str]
    missing_tasks: list[str]
    tasks_read_at: datetime | None
    subscribed_fields: list[str]
    webhooks: PageWebhooks
    token_expires_at: datetime | None
    data_access_expires_at: datetime | None
    checked_at: datetime | None
    is_demo: bool
    connected_by: str | None
    connected_at: datetime | None
    created_at: datetime

    @classmethod
    def of(cls, page: Page) -> "PageDetail":
        """The row as JSON has it; of a pause that is over, nothing is left."""
        state = health.state_at(page, clock.now())
        is_over = state != page.state
        return cls(
            **page_fields(page),
            sync_schedule=page.sync_schedule,
            keep_manual_moves_days=page.keep_manual_moves_days,
            state=state,
            state_reason=None if is_over else page.state_reason or None,
            limited_until=None if is_over else page.limited_until,
            usage_percent=page.usage_percent,
            flavour=page.flavour,
            missing_scopes=list(missing_scopes(page)),
            missing_tasks=list(
                missing_tasks(page.tasks, has_instagram=bool(page.instagram_account_id))
            ),
            tasks_read_at=page.tasks_read_at,
            subscribed_fields=page.subscribed_fields,
            webhooks=PageWebhooks.of(page),
            token_expires_at=page.token_expires_at,
            data_access_expires_at=page.data_access_expires_at,
            checked_at=page.checked_at,
            is_demo=page.is_demo,
            connected_by=page.connected_user_name or None,
            connected_at=page.connected_at,
            created_at=page.created_at,
        )


def page_fields(page: Page) -> dict[str, Any]:
    """What both shapes of a Page hold."""
    return {
        "id": page.id,
        "page_id": page.remote_id,
        "page_name": page.name,
        "instagram_account_id": page.instagram_account_id,
        "instagram_username": page.instagram_username or None,
        "last_synced_at": page.last_synced_at,
        "auto_pipeline_id": page.auto_pipeline_id,
        "auto_pipeline_mode": page.auto_pipeline_mode,
        "auto_pipeline_confidence_min": page.auto_pipeline_confidence_min,
        "auto_pipeline": _pipeline(page),
    }


def _pipeline(page: Page) -> PagePipeline | None:
    pipeline = page.auto_pipeline
    if pipeline is None:
        return None
    stages = [
        PageStage(id=stage.id, name=stage.name, type=StageType(stage.type), order=stage.order)
        for stage in pipeline.stages.all()
    ]
    return PagePipeline(id=pipeline.id, name=pipeline.name, stages=stages)


class PagePatch(ApiInput):
    """What may be changed; fields left out stay. `autoPipelineId: null` switches auto-assignment off."""

    auto_pipeline_id: UUID | None = None
    auto_pipeline_mode: AutoPipelineMode = "SKIP_EXISTING"
    auto_pipeline_confidence_min: Annotated[int, Field(ge=0, le=100)] = 50
    sync_schedule: Schedule = "hourly"
    keep_manual_moves_days: Annotated[int, Field(ge=0, le=3650)] = 0


class PageIn(ApiInput):
    """A Page to connect by its own token; `verify: false` skips asking Facebook whether the token is this Page's.

    With `flavour: "instagram"` it is an account with a token of Instagram Login, and `pageId` is the account's id.
    """

    page_id: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.-]+$")]
    page_name: Annotated[str, Field(max_length=255)] = ""
    page_access_token: Annotated[str, Field(min_length=1, max_length=2000)]
    instagram_account_id: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    instagram_username: Annotated[str | None, Field(max_length=64)] = None
    flavour: ConnectionFlavour = "page"
    verify: bool = True


class RemoveQuery(ApiSchema):
    """How thoroughly to remove a Page."""

    erase: Annotated[
        bool, Field(description="Erase its contacts, conversations and runs, too: for good.")
    ] = False
