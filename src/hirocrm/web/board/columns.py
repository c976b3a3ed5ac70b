"""Columns and cards as the board shows them."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import parse_qs, unquote
from uuid import UUID

from django.urls import reverse

from hirocrm.contacts.models import Contact, MovedBy
from hirocrm.contacts.snapshots import Sender
from hirocrm.core.platforms import Platform
from hirocrm.core.vocabulary import StageType
from hirocrm.inbox.windows import CLOSES_SOON, answer_by
from hirocrm.meta.models import Page
from hirocrm.pipelines.models import Stage
from hirocrm.pipelines.queries import Column as StageColumn
from hirocrm.web.components import Card, Column
from hirocrm.web.filters import Filters

STUCK_AFTER = timedelta(days=30)
FOLDED_TYPES = frozenset({StageType.WON, StageType.LOST, StageType.ARCHIVED})
REASON_DIALOG = "ask-why-lost"
CURSOR = "cursor"
ANYBODY = str(
    UUID(int=0)
)  # stands in an address for each contact's id: reversing 140 times takes a while


class BoardView:
    """What all cards of one board share: the filters, the Pages, the moment, and which columns are folded."""

    def __init__(
        self,
        *,
        filters: Filters,
        pages: Mapping[UUID, Page],
        now: datetime,
        folds: str = "",
        may_move: bool = True,
    ) -> None:
        self.filters = filters
        self.pages = pages
        self.now = now
        self.contact_path = reverse("contact", args=[ANYBODY])
        self.move_path = reverse("contact-move", args=[ANYBODY]) if may_move else ""
        self.picture_path = reverse("contact-picture", args=[ANYBODY])
        self.folds = {
            stage: values[-1] == "1" for stage, values in parse_qs(unquote(folds)).items()
        }

    def column(self, found: StageColumn) -> Column:
        """A stage with its figures and first cards."""
        stage = found.stage
        mean = found.mean_score
        return Column(
            stage_id=str(stage.id),
            name=stage.name,
            color=stage.color,
            type=stage.type,
            count=found.count,
            cards=tuple(self.card(contact, stage) for contact in found.cards),
            mean_score=None if mean is None else round(mean),
            waiting=found.waiting,
            next_url=self._rest(found),
            refresh_url=self._address("board-column", stage),
            is_folded=self.is_folded(stage),
            reason_dialog=REASON_DIALOG if stage.type == StageType.LOST else "",
        )

    def is_folded(self, stage: Stage) -> bool:
        """Whether only the column's head is shown: as the person left it, else by its type."""
        return self.folds.get(str(stage.id), stage.type in FOLDED_TYPES)

    def folded_of(self, stages: Iterable[Stage]) -> set[UUID]:
        """Those of the stages that are folded."""
        return {stage.id for stage in stages if self.is_folded(stage)}

    def card(self, contact: Contact, stage: Stage) -> Card:
        """A contact as a card of its stage."""
        entered_at = contact.stage_entered_at
        is_open = stage.type not in FOLDED_TYPES
        query = self.filters.query_with(pipeline=None, stage=stage.id)
        contact_id = str(contact.id)
        until = answer_by_of(contact, self.now)
        return Card(
            contact_id=contact_id,
            name=contact.name,
            url=f"{self.contact_path.replace(ANYBODY, contact_id)}?{query}",
            move_url=self.move_path.replace(ANYBODY, contact_id),
            channel=channel_of(contact),
            version=contact.version,
            picture=self._picture(contact),
            last_text=contact.last_message_text,
            last_at=contact.last_interaction_at,
            spoke_last=contact.last_message_sender,
            score=contact.lead_score,
            confidence=contact.ai_confidence,
            moved_by=contact.moved_by if contact.moved_by != MovedBy.SYSTEM else "",
            tags=tuple(contact.tags),
            stage_entered_at=entered_at,
            is_stuck=is_open and entered_at is not None and self.now - entered_at > STUCK_AFTER,
            needs_review=contact.needs_review,
            is_locked=is_locked(contact, self.pages.get(contact.page_id), self.now),
            answer_by=until,
            closes_soon=until is not None and until - self.now <= CLOSES_SOON,
        )

    def _picture(self, contact: Contact) -> str:
        path, key = self.picture_path.replace(ANYBODY, str(contact.id)), contact.picture_key
        return f"{path}?{key}" if key else ""

    def next_url(self, stage: Stage, cursor: str | None) -> str:
        """Where the cards after these are; nothing at the column's end."""
        return self._address("board-cards", stage, cursor) if cursor else ""

    def _rest(self, found: StageColumn) -> str:
        """Where the cards are that the column doesn't hold: all of them, if it is folded."""
        if found.count and not found.cards:
            return self._address("board-cards", found.stage)
        return self.next_url(found.stage, found.next_cursor)

    def _address(self, name: str, stage: Stage, cursor: str | None = None) -> str:
        query = self.filters.query_with(pipeline=None, **{CURSOR: cursor})
        path = reverse(name, args=[stage.pipeline_id, stage.id])
        return f"{path}?{query}" if query else path


def channel_of(contact: Contact) -> str:
    """Where the contact writes from; who uses both is shown with the one they are told apart by first."""
    on_messenger = contact.messenger_psid is not None or contact.instagram_sid is None
    return (Platform.MESSENGER if on_messenger else Platform.INSTAGRAM).value


def answer_by_of(contact: Contact, now: datetime) -> datetime | None:
    """Until when the customer, who waits for an answer, can be given one freely."""
    if contact.last_message_sender != Sender.CUSTOMER:
        return None
    return answer_by(contact.window_opened_at, now)


def is_locked(contact: Contact, page: Page | None, now: datetime) -> bool:
    """Whether a person's move still protects the contact from the AI (Page.keep_manual_moves_days)."""
    if page is None or not page.keep_manual_moves_days or contact.moved_by != MovedBy.PERSON:
        return False
    moved_at = contact.moved_by_person_at
    return moved_at is not None and now - moved_at < timedelta(days=page.keep_manual_moves_days)
