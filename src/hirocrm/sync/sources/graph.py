"""Conversations from the Graph API, page by page, newest first.

One `GraphSource` walks one platform of one Page. It asks for nothing ahead: the next page is
requested when `next_page()` is called. Whatever happens, its place is kept: after a rate limit,
a new token or a fault, `next_page()` goes on where it stopped, and `cursor` lets another process
do the same.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

import structlog

from hirocrm.contacts.snapshots import ConversationSnapshot, Platform
from hirocrm.core import clock
from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.graph.errors import (
    GraphError,
    GraphFieldUnknown,
    GraphMalformed,
    GraphObjectMissing,
    GraphPagingEnded,
    GraphRateLimited,
    GraphReduceData,
    GraphRejected,
    GraphTimeout,
    GraphTokenInvalid,
    GraphUnavailable,
)
from hirocrm.meta.graph.fields import NEWEST_MESSAGES, conversation_fields, message_fields
from hirocrm.meta.graph.pace import CallPace, Sleep
from hirocrm.meta.graph.paging import CursorTrail, GraphCursorLoop, Listing, Unreadable
from hirocrm.meta.graph.shapes import Conversation, Message
from hirocrm.meta.graph.usage import Usage
from hirocrm.sync.sources.graph_calls import PacedCalls, PageSize
from hirocrm.sync.sources.graph_snapshots import Business, to_snapshot

log = structlog.get_logger(__name__)

PAGE_SIZE = 100
_MESSAGE_LIMITS = (NEWEST_MESSAGES, 5, 1)


@dataclass(frozen=True, slots=True)
class SourceFailure:
    """Something that couldn't be read. `remote_id` is the conversation's; None: the walk's own.

    `code` is Meta's number where there is one, else the error's stable word.
    """

    remote_id: str | None
    code: int | str
    sentence: str


@dataclass(frozen=True, slots=True)
class SourcePage:
    """What one page gave. `cursor` is where a later source goes on after this page.

    `is_last` tells the end; `cursor` is None then, which for a source would mean the beginning.
    `page_size` is the size to go on with.
    """

    snapshots: tuple[ConversationSnapshot, ...]
    failures: tuple[SourceFailure, ...]
    cursor: str | None
    page_size: int
    usage: Usage
    is_last: bool = False


@dataclass(slots=True)
class OpenPage:
    """A page that was listed but isn't handed out yet; kept when a call for it fails."""

    listing: Listing[Conversation]
    fetched_at: datetime
    done: int = 0
    timeouts: int = 0
    snapshots: dict[str, ConversationSnapshot] = field(default_factory=dict)
    failures: list[SourceFailure] = field(default_factory=list)

    def note_timeout(self, refusal: GraphError) -> bool:
        """Whether a second conversation wasn't answered for: then it isn't the conversation."""
        self.timeouts += isinstance(refusal, GraphTimeout)
        if self.timeouts < 2:
            return False
        self.timeouts = 0
        return True


class GraphSource:
    """The conversations of one platform of one Page, as an async iterator of `SourcePage`.

    Args:
        client: with the Page's token.
        page_id: the Page.
        instagram_account_id: its Instagram account, so that it is never taken for a customer.
        instagram_username: the same account's username.
        platform: which conversations.
        cursor: where an earlier walk of the same run stopped; None: at the newest.
        page_size: how many conversations to ask for at first.
        max_page_size: how many to grow back to; as `page_size` unless given.
        pace: shared with others who ask for the same account; else one of its own.
        sleep: between tries.
        jitter: from 0 to 1, spreads the tries of many workers.
        now: stands in for times that Meta leaves out.
    """

    def __init__(
        self,
        client: GraphClient,
        *,
        page_id: str,
        platform: Platform,
        instagram_account_id: str | None = None,
        instagram_username: str | None = None,
        cursor: str | None = None,
        page_size: int = PAGE_SIZE,
        max_page_size: int | None = None,
        pace: CallPace | None = None,
        sleep: Sleep = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._client = client
        self._page_id = page_id
        self._platform = platform
        ids = frozenset(i for i in (page_id, instagram_account_id) if i)
        self._business = Business(ids, instagram_username)
        self._calls = PacedCalls(pace=pace or CallPace(sleep=sleep), sleep=sleep, jitter=jitter)
        self._size = PageSize(start=page_size, largest=max_page_size or page_size)
        self._now = now
        self._cursor = cursor
        self._may_be_stale = cursor is not None
        self._trail = CursorTrail()
        if cursor is not None:
            self._trail.follow(cursor)
        self._open: OpenPage | None = None
        self._pages_seen: set[int] = set()
        self._fields_left_out: frozenset[str] = frozenset()
        self._is_done = False
        self._has_ended_early = False

    @property
    def cursor(self) -> str | None:
        """Where the next page begins; None: at the newest, or at the end when the walk is over."""
        return self._cursor

    @property
    def page_size(self) -> int:
        """How many conversations the next page is asked for; a later source should begin with it."""
        return self._size.current

    @property
    def has_ended_early(self) -> bool:
        """Whether the walk is over although Meta has more; a failure of its last page says why."""
        return self._has_ended_early

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SourcePage:
        page = await self.next_page()
        if page is None:
            raise StopAsyncIteration
        return page

    async def next_page(self) -> SourcePage | None:
        """The next page of conversations, or None after the last.

        After any of these errors it can be called again and goes on at the same place.

        Raises:
            GraphTokenInvalid: reconnect the Page first.
            GraphRateLimited: wait `retry_after_seconds` first.
            GraphUnavailable: three more tries didn't help. The next call asks for a smaller page
                unless Meta couldn't be reached at all.
            GraphError: what Meta refuses, such as a missing permission.
        """
        if self._is_done:
            return None
        if self._open is None:
            self._open = OpenPage(await self._list(), self._now())
        await self._read_conversations(self._open)
        page, self._open = self._close(self._open), None
        return page

    # Listing

    async def _list(self) -> Listing[Conversation]:
        while True:
            try:
                return await self._ask_for_page(self._size.current)
            except GraphReduceData as refusal:
                log.info("graph_source.page_too_large", page_size=self._size.current)
                if not self._size.shrink():
                    return await self._list_one_without_messages(refusal)
            except GraphFieldUnknown as refusal:
                self._leave_out(refusal)
            except GraphUnavailable as fault:
                if _may_be_too_much(fault):
                    self._size.shrink()
                raise
            except GraphPagingEnded:
                return Listing(())
            except GraphRejected as refusal:
                if not self._may_be_stale or refusal.remote_code != 100:
                    raise
                log.info("graph_source.cursor_refused")
                self._cursor, self._may_be_stale = None, False

    async def _ask_for_page(
        self, size: int, *, messages: int = NEWEST_MESSAGES
    ) -> Listing[Conversation]:
        fields = conversation_fields(
            self._platform, messages=messages, without=self._fields_left_out
        )
        return await self._calls.ask(
            lambda: self._client.list_conversations(
                self._page_id, self._platform, limit=size, after=self._cursor, fields=fields
            )
        )

    async def _list_one_without_messages(self, refusal: GraphReduceData) -> Listing[Conversation]:
        """One conversation alone is too large: list it bare, its messages are asked for singly."""
        try:
            return await self._ask_for_page(1, messages=0)
        except GraphReduceData:
            stuck = Unreadable(
                None, "Meta gives no conversations from here on, not even a single one."
            )
            self._has_ended_early = True
            return Listing((), unreadable=(stuck,), usage=refusal.refusal.usage)

    def _leave_out(self, refusal: GraphFieldUnknown) -> None:
        name = refusal.field_name
        if name is None or name in self._fields_left_out | {"id", "messages", "participants"}:
            raise refusal
        log.warning("graph_source.field_unknown", field=name, platform=self._platform.value)
        self._fields_left_out |= {name}

    # Reading what was listed

    async def _read_conversations(self, page: OpenPage) -> None:
        """Go on with the page's conversations after those already done."""
        for conversation in page.listing.items[page.done :]:
            messages = await self._read_messages(conversation, page)
            if messages is not None:
                snapshot = to_snapshot(
                    conversation,
                    messages,
                    platform=self._platform,
                    business=self._business,
                    fetched_at=page.fetched_at,
                )
                page.snapshots.setdefault(conversation.id, snapshot)
            page.done += 1

    async def _read_messages(
        self, conversation: Conversation, page: OpenPage
    ) -> list[Message] | None:
        """The newest messages; None when there are some that can't be had."""
        edge = conversation.messages
        if edge is None and conversation.message_count == 0:
            return []
        found = list(edge.data) if edge is not None else []
        if edge is not None and not _has_more(conversation, found):
            return found
        try:
            after = self._client.read_paging(edge.paging) if edge is not None else None
            if edge is None or after is not None:
                await self._fetch_messages(conversation, found, after)
        except GraphObjectMissing as refusal:
            if edge is None:
                page.failures.append(to_failure(conversation.id, refusal))
                return None
        except GraphError as refusal:
            if page.note_timeout(refusal) or concerns_connection(refusal):
                raise
            page.failures.append(to_failure(conversation.id, refusal))
            return found or None
        return found

    async def _fetch_messages(
        self, conversation: Conversation, found: list[Message], after: str | None
    ) -> None:
        """Add to `found` until there are 20 messages or no more."""
        trail = CursorTrail()
        while len(found) < NEWEST_MESSAGES:
            listing = await self._ask_for_messages(
                conversation.id, NEWEST_MESSAGES - len(found), after
            )
            found.extend(listing.items)
            if listing.broken_paging is not None:
                raise listing.broken_paging
            after = listing.after
            if after is None:
                return
            trail.follow(after)

    async def _ask_for_messages(
        self, conversation_id: str, limit: int, after: str | None
    ) -> Listing[Message]:
        fields = message_fields(self._platform, without=self._fields_left_out)
        for size in [s for s in _MESSAGE_LIMITS if s < limit]:
            try:
                return await self._ask_for_messages_by(conversation_id, limit, after, fields)
            except GraphReduceData:
                limit = size
        return await self._ask_for_messages_by(conversation_id, limit, after, fields)

    async def _ask_for_messages_by(
        self, conversation_id: str, limit: int, after: str | None, fields: str
    ) -> Listing[Message]:
        return await self._calls.ask(
            lambda: self._client.list_messages(
                conversation_id, self._platform, limit=limit, after=after, fields=fields
            )
        )

    # Handing out

    def _close(self, page: OpenPage) -> SourcePage:
        page.failures.extend(
            SourceFailure(u.remote_id, GraphMalformed.code, u.reason)
            for u in page.listing.unreadable
        )
        try:
            self._advance(page)
        except GraphMalformed as refusal:
            page.failures.append(to_failure(None, refusal))
            self._cursor, self._is_done, self._has_ended_early = None, True, True
        self._size.note_good_page()
        return SourcePage(
            snapshots=tuple(page.snapshots.values()),
            failures=tuple(page.failures),
            cursor=self._cursor,
            page_size=self._size.current,
            usage=self._client.usage,
            is_last=self._is_done,
        )

    def _advance(self, page: OpenPage) -> None:
        listing = page.listing
        self._refuse_repeated(page)
        if listing.broken_paging is not None:
            raise listing.broken_paging
        if listing.after is not None:
            self._trail.follow(listing.after)
        self._cursor = listing.after
        self._is_done = listing.after is None
        self._may_be_stale = False

    def _refuse_repeated(self, page: OpenPage) -> None:
        """Hand nothing out twice when pages repeat themselves under new cursors."""
        ids = tuple(conversation.id for conversation in page.listing.items)
        if len(ids) > 1 and hash(ids) in self._pages_seen:
            page.snapshots.clear()
            raise GraphCursorLoop("Meta gave the same page twice; the list was read no further.")
        self._pages_seen.add(hash(ids))


def _has_more(conversation: Conversation, found: list[Message]) -> bool:
    wanted = min(NEWEST_MESSAGES, conversation.message_count or NEWEST_MESSAGES)
    return len(found) < wanted


def concerns_connection(refusal: GraphError) -> bool:
    """Whether every other conversation would fare the same, so that the walk must stop here."""
    if isinstance(refusal, GraphTokenInvalid | GraphRateLimited):
        return True
    is_fault = isinstance(refusal, GraphUnavailable) and not isinstance(refusal, GraphTimeout)
    return is_fault and refusal.refusal.http_status is None


def _may_be_too_much(fault: GraphUnavailable) -> bool:
    """Meta also answers too large a question with a plain 500, or not in time."""
    return isinstance(fault, GraphTimeout) or fault.refusal.http_status is not None


def to_failure(remote_id: str | None, refusal: GraphError) -> SourceFailure:
    """What Meta refused, as a page tells it."""
    code = refusal.remote_code
    return SourceFailure(remote_id, refusal.code if code is None else code, refusal.sentence)
