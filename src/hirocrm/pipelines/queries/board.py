"""The board: each stage with its figures and its first cards, in two statements however many contacts there are."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from django.db.models import Avg, Count, Q, QuerySet
from django.db.models.expressions import RawSQL

from hirocrm.contacts import queries as contacts
from hirocrm.contacts.models import Contact
from hirocrm.contacts.queries import SORTS, ContactFilter
from hirocrm.contacts.snapshots import Sender
from hirocrm.core.pagination import CursorPage, Order, cursor_of, ordering, paginate
from hirocrm.organizations.models import Member
from hirocrm.pipelines.models import Pipeline, Stage
from hirocrm.pipelines.queries.pipelines import STAGE_ORDER, get_pipeline, get_stage

CARDS = 20
CARD_ORDER = SORTS["-lastInteraction"]
WINDOW_ORDER = SORTS["windowCloses"]
UNUSED_COLUMNS = ("search", "search_text", "ai_context")
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Column:
    """A stage as the board shows it. `next_cursor` asks for the cards after `cards`; None: those are all."""

    stage: Stage
    count: int
    mean_score: float | None
    waiting: int  # customers who wrote last
    cards: list[Contact]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Contacts in no stage, and those of them that wait for a person's word."""

    count: int
    to_review: int


def get_board(
    *, member: Member, pipeline_id: UUID, wanted: ContactFilter | None = None
) -> tuple[Pipeline, list[Column]]:
    """The pipeline and its columns in order, with the contacts that meet the filter.

    Raises:
        PipelineNotFound: no such pipeline in the member's organization.
    """
    pipeline = get_pipeline(member=member, pipeline_id=pipeline_id)
    return pipeline, get_columns(member=member, pipeline=pipeline, wanted=wanted)


def get_columns(
    *,
    member: Member,
    pipeline: Pipeline,
    wanted: ContactFilter | None = None,
    figures_only: Collection[UUID] = (),
) -> list[Column]:
    """The same for a pipeline at hand, which comes from `list_pipelines` or `get_pipeline`.

    The stages in `figures_only` come without their cards.
    """
    rows = contacts.list_contacts(member=member, wanted=wanted)
    stages = list(pipeline.stages.all())
    figures = _figures(rows, stages)
    order = _order(wanted)
    cards = _first_cards(rows, [one for one in stages if one.id not in figures_only], order)
    return [_column(stage, figures, cards, order) for stage in stages]


def list_heads(
    *, member: Member, pipeline: Pipeline, wanted: ContactFilter | None = None
) -> list[Column]:
    """The pipeline's columns with their figures but without cards, in order."""
    stages = list(pipeline.stages.order_by(*STAGE_ORDER))
    figures = _figures(contacts.list_contacts(member=member, wanted=wanted), stages)
    return [_column(stage, figures, {}) for stage in stages]


def count_unplaced(*, member: Member, wanted: ContactFilter | None = None) -> Unplaced:
    """How many contacts that meet the filter are in no stage of any pipeline, and so on no board."""
    asked = replace(wanted or ContactFilter(), pipeline_id=None, without_stage=True)
    found = contacts.list_contacts(member=member, wanted=asked).aggregate(
        count=Count("*"), to_review=Count("id", filter=Q(needs_review=True))
    )
    return Unplaced(**found)


def get_column(
    *,
    member: Member,
    pipeline_id: UUID,
    stage_id: UUID,
    wanted: ContactFilter | None = None,
    cards: int = CARDS,
) -> Column:
    """One stage as the board shows it, with `cards` of its cards, or MAX_LIMIT if that is less.

    Raises:
        StageNotFound: the pipeline has no such stage.
    """
    stage = get_stage(member=member, stage_id=stage_id, pipeline_id=pipeline_id)
    rows = contacts.list_contacts(member=member, wanted=wanted)
    figures = _figures(rows, [stage]).get(stage.id, _Figures())
    found = _slim(rows.filter(stage_id=stage_id))
    page = (
        paginate(found, order=_order(wanted), limit=cards, cursor=None)
        if cards
        else CursorPage([], None)
    )
    return Column(
        stage=stage,
        count=figures.count,
        mean_score=figures.mean_score,
        waiting=figures.waiting,
        cards=page.items,
        next_cursor=page.next_cursor,
    )


def list_cards(
    *,
    member: Member,
    pipeline_id: UUID,
    stage_id: UUID,
    wanted: ContactFilter | None = None,
    cursor: str | None = None,
    limit: int = CARDS,
) -> CursorPage[Contact]:
    """More cards of one stage.

    Raises:
        InvalidCursor: the cursor can't be read.
        StageNotFound: the pipeline has no such stage.
    """
    get_stage(member=member, stage_id=stage_id, pipeline_id=pipeline_id)
    rows = contacts.list_contacts(member=member, wanted=wanted).filter(stage_id=stage_id)
    return paginate(_slim(rows), order=_order(wanted), limit=limit, cursor=cursor)


@dataclass(frozen=True, slots=True)
class _Figures:
    count: int = 0
    mean_score: float | None = None
    waiting: int = 0


def _figures(rows: QuerySet[Contact], stages: Sequence[Stage]) -> dict[UUID, _Figures]:
    waiting = Q(last_message_sender=Sender.CUSTOMER.value)
    found = (
        rows.filter(stage__in=stages)
        .values_list("stage_id")
        .annotate(
            count=Count("*"),  # not the id, which the index doesn't hold
            mean_score=Avg("lead_score"),
            waiting=Count("last_message_sender", filter=waiting),
        )
        .order_by()
    )
    return {
        stage_id: _Figures(count, round(mean, 1) if mean is not None else None, waiting)
        for stage_id, count, mean, waiting in found
    }


def _order(wanted: ContactFilter | None) -> Sequence[Order]:
    return WINDOW_ORDER if wanted is not None and wanted.by_window else CARD_ORDER


def _first_cards(
    rows: QuerySet[Contact], stages: Sequence[Stage], order: Sequence[Order]
) -> dict[UUID, list[Contact]]:
    """One card more than is shown of each stage, so that it is known whether there are more.

    A limited part for each stage: each reads its 21 rows from the index, where a window function would read
    and sort every contact of the pipeline. A union of such parts does the same, but to write and plan seven
    of them takes longer than to run them.
    """
    cards: dict[UUID, list[Contact]] = {stage.id: [] for stage in stages}
    if not cards:
        return cards
    part = _slim(rows).filter(stage_id=RawSQL("wanted.stage_id", ())).order_by(*ordering(order))
    sql, params = part[: CARDS + 1].query.sql_with_params()
    found = Contact.objects.raw(
        f"SELECT card.* FROM unnest(%s::uuid[]) AS wanted (stage_id) CROSS JOIN LATERAL ({sql}) AS card",  # noqa: S608  # Django's own SQL
        [list(cards), *params],
    )
    for contact in found:
        if contact.stage_id is not None:
            cards[contact.stage_id].append(contact)
    attribute = order[0].attribute
    for column in cards.values():
        column.sort(key=lambda contact: _rank(contact, attribute), reverse=order[0].descending)
    return cards


def _rank(contact: Contact, attribute: str) -> tuple[datetime, int]:
    return getattr(contact, attribute) or LONG_AGO, contact.id.int


def _slim(rows: QuerySet[Contact]) -> QuerySet[Contact]:
    return rows.defer(*UNUSED_COLUMNS)


def _column(
    stage: Stage,
    figures: dict[UUID, _Figures],
    cards: dict[UUID, list[Contact]],
    order: Sequence[Order] = CARD_ORDER,
) -> Column:
    found = figures.get(stage.id, _Figures())
    mine = cards.get(stage.id, [])
    return Column(
        stage=stage,
        count=found.count,
        mean_score=found.mean_score,
        waiting=found.waiting,
        cards=mine[:CARDS],
        next_cursor=cursor_of(mine[CARDS - 1], order) if len(mine) > CARDS else None,
    )
