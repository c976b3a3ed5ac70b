"""What waits for a person, as it is shown: the choices, the evidence, the last words."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from hirocrm.contacts.models import Contact
from hirocrm.core.pagination import Order, cursor_of, paginate
from hirocrm.organizations.models import Member
from hirocrm.pipelines import queries as pipelines
from hirocrm.pipelines.models import Pipeline, Suggestion, SuggestionKind
from hirocrm.web.board.columns import channel_of
from hirocrm.web.contact import opinion, thread

ORDER = (Order("created_at"), Order("id"))
MESSAGES = 8
SHOWN_AT_ONCE = 2  # the one to answer, and the next, so that it is there at once


@dataclass(frozen=True, slots=True)
class Item:
    """One open question. `after` is the cursor of what comes behind it."""

    suggestion: Suggestion
    contact: Contact
    channel: str
    choices: list[opinion.Choice]
    others: list[opinion.Choice]
    evidence: list[opinion.Evidence]
    thread: thread.Thread
    after: str


def list_items(
    *, member: Member, zone: ZoneInfo, cursor: str | None, first_id: UUID | None = None
) -> list[Item]:
    """The next questions, oldest first; `first_id` comes before all others.

    Raises:
        InvalidCursor: the cursor can't be read.
    """
    rows = pipelines.list_suggestions(
        member=member, kind=SuggestionKind.REVIEW.value
    ).select_related("contact__page")
    found: list[Suggestion] = []
    if first_id is not None:
        found = list(rows.filter(id=first_id))
        rows = rows.exclude(id=first_id)
    page = paginate(rows, order=ORDER, limit=SHOWN_AT_ONCE, cursor=cursor)
    found = [*found, *page.items][:SHOWN_AT_ONCE]
    all_pipelines = list(pipelines.list_pipelines(member=member)) if found else []
    return [_item(one, all_pipelines, zone) for one in found]


def _item(suggestion: Suggestion, all_pipelines: Sequence[Pipeline], zone: ZoneInfo) -> Item:
    contact = suggestion.contact
    pipeline = next((row for row in all_pipelines if row.id == suggestion.pipeline_id), None)
    known = opinion.stages_by_name(pipeline)
    given = suggestion.recommendations[:3] or [
        {"stage": suggestion.stage.name, "probability": suggestion.confidence}
    ]
    ranked = [opinion.choice_of(one["stage"], one["probability"], known) for one in given]
    choices = [one for one in ranked if one.stage_id is not None]
    named = {one.stage_id for one in choices}
    shown = thread.read_thread(
        contact, quotes=opinion.quotes_of(suggestion.evidence), zone=zone, limit=MESSAGES
    )
    return Item(
        suggestion=suggestion,
        contact=contact,
        channel=channel_of(contact),
        choices=choices,
        others=[
            opinion.Choice(stage.name, stage.color, 0, stage.id)
            for stage in known.values()
            if stage.id not in named
        ],
        evidence=opinion.evidence_of(suggestion.evidence, shown.ids),
        thread=shown,
        after=cursor_of(suggestion, ORDER),
    )
