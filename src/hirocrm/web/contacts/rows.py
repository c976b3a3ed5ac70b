"""Contacts as rows of the list, and the columns it can be sorted by."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote
from uuid import UUID

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from hirocrm.contacts.models import Contact, SavedView
from hirocrm.contacts.queries import SORTS
from hirocrm.core.pagination import CursorPage, paginate
from hirocrm.inbox.windows import CLOSES_SOON
from hirocrm.pipelines.models import Pipeline, Stage
from hirocrm.web.board.columns import ANYBODY, answer_by_of, channel_of
from hirocrm.web.components import StageMark
from hirocrm.web.contact.neighbours import address
from hirocrm.web.drawing import draw, fill
from hirocrm.web.filters import STATUSES, Filters
from hirocrm.web.templatetags.marks import hue, initials, local_time

SHOWN = 50  # on a page
STATUS_WORDS = dict(STATUSES)
TAGS_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Row:
    """A contact as a row (contacts/row.html)."""

    contact_id: str
    name: str
    url: str
    channel: str
    picture: str  # its address, or nothing
    needs_review: bool
    stage: StageMark | None
    score: int | None
    status: str
    spoke_last: str  # customer, business or nothing
    last_text: str
    last_at: datetime | None
    tags: tuple[str, ...]  # the first few
    answer_by: datetime | None = None  # the customer waits, and Meta's 24 hours end then
    closes_soon: bool = False

    def markup(self) -> SafeString:
        """The whole <tr>."""
        return fill("contacts/row", shape=self._shape(), words=self._words())

    def _shape(self) -> dict[str, Hashable]:
        return {
            "needs_review": self.needs_review,
            "has_stage": self.stage is not None,
            "spoke_last": self.spoke_last,
            "has_window": self.answer_by is not None,
            "closes_soon": self.closes_soon,
        }

    def _words(self) -> dict[str, str]:
        stage = self.stage
        pills = (draw("pill", label=tag, tone="outline", icon="") for tag in self.tags)
        return {
            "contact_id": self.contact_id,
            "name": self.name,
            "url": self.url,
            "face": draw(
                "face", hue=hue(self.contact_id), letters=initials(self.name),
                picture=self.picture, channel=self.channel, size="",
            ),
            "stage": draw("stage", name=stage.name, color=stage.color) if stage else "",
            "score": draw("score_bar", score=self.score),
            "status": self.status,
            "last_text": self.last_text,
            "last_at": local_time(self.last_at),
            "answer_by": local_time(self.answer_by, "left"),
            "tags": SafeString(" ".join(pills)),
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """A saved view as a link."""

    saved: SavedView
    is_current: bool


@dataclass(frozen=True, slots=True)
class Head:
    """A column's head; `query` sorts by it, the other way round if it is sorted by already."""

    key: str
    label: str | Promise
    query: str
    is_current: bool
    is_descending: bool


SORTABLE = (
    ("name", "name", _("Name"), False),
    ("", "stage", _("Stage"), False),
    ("leadScore", "score", _("Score"), True),
    ("", "status", _("Status"), False),
    ("lastInteraction", "last", _("Last message"), True),
    ("", "tags", _("Tags"), False),
)
HIDDEN_COOKIE = "list_hidden"  # columns that a person took out, their keys with spaces between


@dataclass(frozen=True, slots=True)
class Column:
    """A column that may be taken out; the name always stays."""

    key: str
    label: str | Promise
    is_shown: bool


def read_page(
    rows: QuerySet[Contact], *, filters: Filters, cursor: str | None
) -> CursorPage[Contact]:
    """A page of the list.

    Raises:
        InvalidCursor: the cursor can't be read.
    """
    return paginate(spare(rows), order=SORTS[filters.sort], limit=SHOWN, cursor=cursor)


def spare(rows: QuerySet[Contact]) -> QuerySet[Contact]:
    """The contacts without the long columns that no row shows."""
    return rows.defer("search", "search_text", "ai_context")


def columns(hidden: str) -> list[Column]:
    """What can be shown, by what was taken out."""
    out = set(unquote(hidden).split())
    return [Column(key, label, key not in out) for _sort, key, label, _down in SORTABLE[1:]]


def saved_views(found: Iterable[SavedView], filters: Filters) -> list[View]:
    """The views, the one that is shown marked."""
    return [View(one, one.query == filters.query) for one in found]


def present_rows(
    found: Sequence[Contact],
    *,
    filters: Filters,
    pipelines: Sequence[Pipeline],
    now: datetime,
) -> list[Row]:
    """The contacts with their stage and address."""
    stages = {stage.id: stage for pipeline in pipelines for stage in pipeline.stages.all()}
    url = address(UUID(ANYBODY), filters)
    return [_row(one, url, stages, now) for one in found]


def _row(contact: Contact, url: str, stages: Mapping[UUID, Stage], now: datetime) -> Row:
    """A contact as a row; `url` leads to anybody."""
    until = answer_by_of(contact, now)
    stage = stages.get(contact.stage_id) if contact.stage_id else None
    contact_id = str(contact.id)
    return Row(
        contact_id=contact_id,
        name=contact.name,
        url=url.replace(ANYBODY, contact_id),
        channel=channel_of(contact),
        picture=_picture_of(contact),
        needs_review=contact.needs_review,
        stage=StageMark(stage.name, stage.color) if stage else None,
        score=contact.lead_score,
        status=str(STATUS_WORDS.get(contact.lead_status, contact.lead_status)),
        spoke_last=contact.last_message_sender,
        last_text=contact.last_message_text,
        last_at=contact.last_interaction_at,
        tags=tuple(contact.tags[:TAGS_SHOWN]),
        answer_by=until,
        closes_soon=until is not None and until - now <= CLOSES_SOON,
    )


def _picture_of(contact: Contact) -> str:
    key = contact.picture_key
    return f"{reverse('contact-picture', args=[contact.id])}?{key}" if key else ""


def heads(filters: Filters) -> list[Head]:
    """The columns; a figure or a time is first sorted from high to low."""
    return [_head(filters, *column) for column in SORTABLE]


def _head(filters: Filters, name: str, key: str, label: str | Promise, descends: bool) -> Head:  # noqa: FBT001  # rows of SORTABLE
    current = filters.sort.lstrip("-")
    is_descending = filters.sort.startswith("-")
    goes_down = not is_descending if name == current else descends
    query = filters.query_with(sort=f"-{name}" if goes_down else name) if name else ""
    return Head(key, label, query, bool(name) and name == current, is_descending)
