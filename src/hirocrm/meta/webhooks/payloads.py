"""From a delivery's JSON to events: lenient in everything, so that no odd part costs its neighbours.

Shapes and their oddities: https://developers.facebook.com/docs/messenger-platform/reference/webhook-events
and https://developers.facebook.com/docs/messenger-platform/instagram/features/webhook
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hirocrm.core.platforms import Platform
from hirocrm.meta.graph.lenient import read_id, read_text, read_time
from hirocrm.meta.webhooks.events import Entry, Event, Ignored, Unreadable
from hirocrm.meta.webhooks.items import ItemUnreadable, Surroundings, read_item

PLATFORMS = {"page": Platform.MESSENGER, "instagram": Platform.INSTAGRAM}
# The ids that Meta's dashboard puts into its test deliveries.
TEST_BUSINESS, TEST_PEOPLE = "0", frozenset({"12334", "23245"})
ID_LENGTH = 128
# Fields of `changes` whose value is a messaging item under another name (Instagram Login's form).
MESSAGING_FIELDS = ("messages", "message_", "messaging_", "standby")


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as read. `unreadable` belongs to no business; each entry has its own."""

    object_kind: str
    entries: tuple[Entry, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


def read_delivery(body: bytes) -> Delivery:
    """Everything in a delivery that can be read, and what can't."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return Delivery("", unreadable=(Unreadable(body.decode("utf-8", "replace"), "not JSON"),))
    if not isinstance(content, dict):
        return Delivery("", unreadable=(Unreadable(content, "not an object"),))
    return read_content(content)


def read_content(content: Mapping[str, Any]) -> Delivery:
    """The same for a body that is parsed already."""
    kind = read_text(content.get("object")) or ""
    listed = content.get("entry")
    if not isinstance(listed, list):
        return Delivery(kind, unreadable=(Unreadable(dict(content), "it has no entries"),))
    entries: list[Entry] = []
    unreadable: list[Unreadable] = []
    for raw in listed:
        business_id = read_id(raw.get("id")) if isinstance(raw, dict) else None
        if business_id is None or len(business_id) > ID_LENGTH:
            unreadable.append(Unreadable(raw, "it doesn't say whose it is"))
        else:
            entries.append(_read_entry(kind, business_id, raw))
    return Delivery(kind, tuple(entries), tuple(unreadable))


def _read_entry(kind: str, business_id: str, raw: Mapping[str, Any]) -> Entry:
    platform = PLATFORMS.get(kind)
    if platform is None:
        ignored = Ignored(platform=Platform.MESSENGER, business_id=business_id, kind=kind[:40])
        return Entry(business_id, (ignored,))
    entry_time = read_time(raw.get("time"))
    events: list[Event] = []
    unreadable: list[Unreadable] = []
    has_test = False
    for around, item in _items(platform, business_id, entry_time, raw):
        if _is_test(item):
            has_test = True
            continue
        try:
            events.extend(read_item(item, around))
        except ItemUnreadable as exc:
            unreadable.append(Unreadable(_alone(raw, around, item), exc.reason))
    if business_id == TEST_BUSINESS or (has_test and not events and not unreadable):
        return Entry(business_id, is_test=True)
    if not events and not unreadable:
        unreadable.append(Unreadable(dict(raw), "it holds no events"))
    return Entry(business_id, tuple(events), tuple(unreadable))


def entry_of_event(body: bytes, event: Event) -> object:
    """The part of a delivery's body that says this, as an entry of its own; all of the body if none does."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
    listed = _listed(content, "entry") if isinstance(content, dict) else []
    for raw in listed:
        if isinstance(raw, dict) and read_id(raw.get("id")) == event.business_id:
            for around, item in _items(event.platform, event.business_id, read_time(raw.get("time")), raw):  # fmt: skip
                if _says(item, around, event):
                    return _alone(raw, around, item)
    return content


def _says(item: object, around: Surroundings, event: Event) -> bool:
    try:
        return event in read_item(item, around)
    except ItemUnreadable:
        return False


def _alone(raw: Mapping[str, Any], around: Surroundings, item: object) -> dict[str, object]:
    """One item in an entry as Meta makes them, so that a replay takes the way it would have taken.

    The entry's time goes along where the item has none: its events then happened at that.
    """
    wrapped: dict[str, object] = {
        "id": around.business_id,
        around.listed_under: [around.original or item],
    }
    has_time = isinstance(item, dict) and read_time(item.get("timestamp")) is not None
    return wrapped if has_time or "time" not in raw else {**wrapped, "time": raw["time"]}


def _items(
    platform: Platform, business_id: str, entry_time: datetime | None, raw: Mapping[str, Any]
) -> Iterator[tuple[Surroundings, object]]:
    """Each messaging item with where it was found: `messaging`, `standby`, or a `change` about messages."""
    for name in ("messaging", "standby"):
        for item in _listed(raw, name):
            yield Surroundings(platform, business_id, entry_time, name), item
    for change in _listed(raw, "changes"):
        around = Surroundings(platform, business_id, entry_time, "changes", change)
        field = read_text(change.get("field")) if isinstance(change, dict) else None
        if field is None:
            yield around, None
        elif field.startswith(MESSAGING_FIELDS):
            yield around, change.get("value")
        else:  # feed, comments, mentions: not messages
            yield around, {f"changes.{field}": {}}


def _listed(raw: Mapping[str, Any], name: str) -> list[Any]:
    found = raw.get(name)
    if found is None:
        return []
    return found if isinstance(found, list) else [found]


def _is_test(item: object) -> bool:
    if not isinstance(item, dict):
        return False
    sides = (item.get("sender"), item.get("recipient"))
    ids = {read_id(side.get("id")) for side in sides if isinstance(side, dict)}
    return ids == TEST_PEOPLE
