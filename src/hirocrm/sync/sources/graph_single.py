"""Conversations from the Graph API by their ids, where a walk listed them but couldn't read them."""

from collections import deque
from collections.abc import Sequence
from typing import Any

from hirocrm.meta.graph.client import GraphClient
from hirocrm.meta.graph.errors import GraphError, GraphFieldUnknown, GraphReduceData
from hirocrm.meta.graph.fields import NEWEST_MESSAGES, conversation_fields
from hirocrm.meta.graph.paging import Listing
from hirocrm.meta.graph.shapes import Conversation
from hirocrm.sync.sources.graph import (
    GraphSource,
    OpenPage,
    SourceFailure,
    SourcePage,
    concerns_connection,
    to_failure,
)


class SingleConversations(GraphSource):
    """A `GraphSource` whose pages are one conversation each, those of `remote_ids` in order.

    Args:
        client: with the Page's token.
        remote_ids: one or more.
        options: as for `GraphSource`.
    """

    def __init__(self, client: GraphClient, *, remote_ids: Sequence[str], **options: Any) -> None:
        super().__init__(client, **options)
        self._left = deque(remote_ids)
        self._refused: list[SourceFailure] = []

    async def _list(self) -> Listing[Conversation]:
        messages = NEWEST_MESSAGES
        while True:
            try:
                return await self._ask_for_one(messages)
            except GraphFieldUnknown as refusal:
                self._leave_out(refusal)
            except GraphError as refusal:
                if concerns_connection(refusal):
                    raise
                if not isinstance(refusal, GraphReduceData) or not messages:
                    self._refused.append(to_failure(self._left[0], refusal))
                    return Listing(())
                messages = 0  # they are asked for in smaller portions then

    async def _ask_for_one(self, messages: int) -> Listing[Conversation]:
        fields = conversation_fields(
            self._platform, messages=messages, without=self._fields_left_out
        )
        return await self._calls.ask(
            lambda: self._client.get_conversation(self._left[0], self._platform, fields=fields)
        )

    def _close(self, page: OpenPage) -> SourcePage:
        page.failures.extend(self._refused)
        self._refused.clear()
        return super()._close(page)

    def _advance(self, page: OpenPage) -> None:  # noqa: ARG002  # pages of one have no cursor
        self._left.popleft()
        self._is_done = not self._left
