"""What the richer components take: frozen shapes that a view fills and a template shows.

Components with a handful of parameters take them one by one (see the comment at the top of each
file in templates/components); these few would need too many.
"""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class StageMark:
    """A stage as it is shown: its dot and name. `color` is "#rrggbb"."""

    name: str
    color: str


@dataclass(frozen=True, slots=True)
class Card:
    """A contact on the board (components/board_card.html).

    `move_url` takes POST `stage`, `version` and, where a reason is asked, `reason`; without one the card stays put.
    """

    contact_id: str
    name: str
    url: str
    move_url: str
    channel: str  # messenger or instagram
    version: int
    picture: str = ""  # its address, or nothing
    last_text: str = ""
    last_at: datetime | None = None
    spoke_last: str = ""  # customer, business or nothing
    score: int | None = None
    confidence: int | None = None
    moved_by: str = ""  # ai, person or nothing
    tags: tuple[str, ...] = ()
    stage_entered_at: datetime | None = None
    is_stuck: bool = False
    needs_review: bool = False
    is_locked: bool = False  # a person's move that the AI must not undo yet
    answer_by: datetime | None = None  # the customer waits, and Meta's 24 hours end then
    closes_soon: bool = False  # within four hours


@dataclass(frozen=True, slots=True)
class Column:
    """A stage on the board (components/board_column.html). `count` is the true total."""

    stage_id: str
    name: str
    color: str
    type: str  # a StageType value
    count: int
    cards: tuple[Card, ...] = ()
    mean_score: int | None = None
    waiting: int = 0
    next_url: str = ""  # the next cards, as <li>s ending in the next "load more"
    refresh_url: str = ""  # the column anew, when live news touch it
    is_folded: bool = False
    reason_dialog: str = ""  # id of the dialog that asks why, before a card is dropped here


@dataclass(frozen=True, slots=True)
class Attachment:
    """One attachment; `type` as in contacts.snapshots.AttachmentSnapshot."""

    type: str
    url: str = ""
    title: str = ""
    preview: str = ""  # the address of a picture that we may show
    is_expired: bool = False  # too old for its address to be offered


@dataclass(frozen=True, slots=True)
class Bubble:
    """A message (components/message.html). `quotes` are the evidence to mark in it."""

    id: str
    sender: str  # customer or business
    at: datetime
    name: str = ""
    text: str = ""
    attachments: tuple[Attachment, ...] = ()
    reactions: tuple[str, ...] = ()
    reply_to: str = ""
    quotes: tuple[str, ...] = ()
    rest_url: str = ""  # where all of a very long text is shown
    is_deleted: bool = False
    is_edited: bool = False
    is_expired: bool = False  # emptied by the organization's retention rule
    by: str = ""  # the member who sent it from here
    is_outside: bool = False  # the business sent it from Meta's own apps
    receipt: str = ""  # read or delivered, on the last message that was
    talk: str = ""  # the conversation in which it can be answered in particular
    remote_id: str = ""  # Meta's, by which an analysis names it

    @property
    def anchor(self) -> str:
        """What its place on a page is called."""
        return self.remote_id or self.id


@dataclass(frozen=True, slots=True)
class TimelineRow:
    """Something that happened (components/timeline_row.html)."""

    icon: str
    title: str
    at: datetime
    actor: str = ""  # ai, person or system
    actor_name: str = ""  # "Ana Cruz", "Gemini 3.5 Flash-Lite"
    text: str = ""
    from_stage: StageMark | None = None
    to_stage: StageMark | None = None
    confidence: int | None = None
    tone: str = ""  # good, bad or nothing
    quotes: tuple[str, ...] = field(default=())
