"""What happened with a contact, as rows, with filters by kind and by who did it."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hirocrm.contacts.models import Activity, ActivityType
from hirocrm.core.pagination import Order
from hirocrm.core.vocabulary import StageType
from hirocrm.pipelines.assign import TITLE_ASSIGNED, TITLE_CONFIRMED
from hirocrm.pipelines.models import Pipeline, Stage
from hirocrm.web.components import StageMark, TimelineRow
from hirocrm.web.contact.opinion import author_of

ORDER = (Order("created_at", descending=True), Order("id", descending=True))
SHOWN = 30
AI_TITLES = (TITLE_ASSIGNED, TITLE_CONFIRMED)

KINDS: Mapping[str, tuple[str | Promise, tuple[ActivityType, ...]]] = {
    "stages": (_("Stages"), (ActivityType.STAGE_CHANGED, ActivityType.STATUS_CHANGED)),
    "notes": (_("Notes"), (ActivityType.NOTE_ADDED,)),
    "tasks": (_("Tasks"), (ActivityType.TASK_CREATED, ActivityType.TASK_COMPLETED)),
    "tags": (_("Tags"), (ActivityType.TAG_ADDED,)),
    "messages": (_("Messages"), (ActivityType.MESSAGE_RECEIVED, ActivityType.MESSAGE_SENT)),
}
ACTORS: Mapping[str, str | Promise] = {"person": _("People"), "ai": _("AI"), "system": _("System")}
ICONS = {
    ActivityType.NOTE_ADDED: "sticky-note",
    ActivityType.STAGE_CHANGED: "square-kanban",
    ActivityType.STATUS_CHANGED: "flag",
    ActivityType.TAG_ADDED: "tag",
    ActivityType.MESSAGE_SENT: "reply",
    ActivityType.MESSAGE_RECEIVED: "message-circle",
    ActivityType.TASK_CREATED: "list-checks",
    ActivityType.TASK_COMPLETED: "check-check",
    ActivityType.CALL_MADE: "phone",
    ActivityType.EMAIL_SENT: "mail",
}
TONES = {StageType.WON: "good", StageType.LOST: "bad"}


def narrow(rows: QuerySet[Activity], *, kind: str, actor: str) -> QuerySet[Activity]:
    """The entries of a kind and by whom; words that mean nothing narrow nothing."""
    if kind in KINDS:
        rows = rows.filter(type__in=KINDS[kind][1])
    by_ai = Q(title__in=AI_TITLES)
    if actor == "ai":
        return rows.filter(by_ai)
    if actor == "person":
        return rows.filter(user_id__isnull=False).exclude(by_ai)
    if actor == "system":
        return rows.filter(user_id__isnull=True).exclude(by_ai)
    return rows


def present(
    rows: Sequence[Activity], *, pipelines: Sequence[Pipeline], names: Mapping[UUID, str]
) -> list[TimelineRow]:
    """Entries as rows; `names` are the members' by user id."""
    stages = {stage.id: stage for pipeline in pipelines for stage in pipeline.stages.all()}
    return [_row(row, stages, names) for row in rows]


def _row(row: Activity, stages: Mapping[UUID, Stage], names: Mapping[UUID, str]) -> TimelineRow:
    actor, name = _actor(row, names)
    to_stage = stages.get(row.to_stage_id) if row.to_stage_id else None
    from_stage = stages.get(row.from_stage_id) if row.from_stage_id else None
    is_move = row.type == ActivityType.STAGE_CHANGED
    quotes = [one.get("quote", "") for one in row.metadata.get("evidence") or []]
    return TimelineRow(
        icon="sparkles" if actor == "ai" else ICONS.get(ActivityType(row.type), "history"),
        title=row.title,
        at=row.created_at,
        actor=actor,
        actor_name=name,
        text=row.description,
        from_stage=_mark(from_stage) if is_move and from_stage != to_stage else None,
        to_stage=_mark(to_stage) if is_move else None,
        confidence=row.metadata.get("confidence") if actor == "ai" else None,
        tone=TONES.get(StageType(to_stage.type), "") if to_stage and actor == "person" else "",
        quotes=tuple(quote for quote in quotes if quote)[:2] if actor == "ai" else (),
    )


def _actor(row: Activity, names: Mapping[UUID, str]) -> tuple[str, str]:
    if row.title in AI_TITLES:
        provider, model = row.metadata.get("provider", ""), row.metadata.get("model", "")
        return "ai", author_of(provider, model)
    if row.user_id is not None:
        return "person", names.get(row.user_id, "")
    return "system", ""


def _mark(stage: Stage | None) -> StageMark | None:
    return StageMark(stage.name, stage.color) if stage else None
