"""One Page's conversations on one platform, newest first, however many there are.

Some are kept (samples, and whatever was written to); a synthetic range is made when looked at, so
100,000 of them cost no memory.
"""

import base64
from bisect import bisect_right, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import merge

from hirocrm.sandbox.graph.people import invented_name, invented_username
from hirocrm.sandbox.graph.shapes import BUSINESS, CUSTOMER, INSTAGRAM, Conversation, Message

Key = tuple[int, str]  # (minus updated_ms, id): sorts newest first
Place = tuple[Key, int, int]  # a key, the range that makes it (-1: kept), its number there

_OPENERS = (
    "Hi po, magkano po yung {item}? Order no. {n}",
    "Good morning! Is the {item} still available? I need {k} pieces",
    "Hola, ¿tienen {item}? Necesito {k} para el sábado",
    "Interested po sa {item}, may size {k} pa?",
    "Hello, how much is the {item} delivered to Cebu? ref {n}",
)
_REPLIES = (
    "Hi po! Available pa po ang {item}, ₱{price} each po 😊",
    "Good day! {item} is ₱{price}, free delivery for {k} or more.",
    "¡Hola! Sí tenemos {item}, cuesta ₱{price} cada uno.",
)
_FOLLOWS = (
    "May discount po ba pag {k} pcs?",
    "Ok po, I'll take {k}. GCash po ba?",
    "Thank you, pag-isipan ko muna po",
    "Paid na po! Ref {n}. Kailan po ang delivery?",
    "Too expensive, may nakita akong mas mura. No thanks po",
    "¿Me pueden hacer descuento?",
)
_CLOSERS = ("Sige po, noted po!", "Salamat po sa order!", "Let us know po if you have questions.")
_ITEMS = ("linen set", "ube cake", "food tray", "rebond package", "LCD replacement", "tote bag")


@dataclass(slots=True)
class Synthetic:
    """A range of made-up conversations: number i was updated `i * step_ms` before `newest_ms`."""

    page_id: str
    platform: str
    count: int
    newest_ms: int
    step_ms: int = 60_000
    messages: int = 6
    serial: int = 0
    moved: set[int] = field(default_factory=set)

    def key(self, number: int) -> Key:
        """Where conversation `number` stands in the order."""
        return -(self.newest_ms - number * self.step_ms), self.conversation_id(number)

    def conversation_id(self, number: int) -> str:
        """Meta's id for conversation `number`: t_… on Messenger, aWdf… on Instagram."""
        digits = f"{self.page_id}{self.serial:02d}{number:08d}"
        if self.platform == INSTAGRAM:
            return "aWdfZAG06" + base64.urlsafe_b64encode(f"ig_{digits}".encode()).decode().rstrip(
                "="
            )
        return f"t_{digits}"

    def customer_id(self, number: int) -> str:
        """The PSID or Instagram-scoped id of conversation `number`'s person."""
        first = "8" if self.platform == INSTAGRAM else "7"
        return f"{first}{self.page_id[-5:]}{self.serial:02d}{number:08d}"

    def number_of(self, digits: str) -> int | None:
        """The number behind a conversation's digits or a customer id, if it is one of these."""
        if len(digits) < 8 or not digits[-8:].isdigit():
            return None
        number = int(digits[-8:])
        return number if number < self.count and number not in self.moved else None

    def walk(self, after: Key | None) -> Iterator[tuple[Key, int]]:
        """Keys and numbers in order, from just after a key."""
        start = 0
        if after is not None:
            start = max(0, (self.newest_ms + after[0]) // max(1, self.step_ms))
        for number in range(start, self.count):
            key = self.key(number)
            if (after is None or key > after) and number not in self.moved:
                yield key, number

    def build(self, number: int) -> Conversation:
        """Make conversation `number`: always the same."""
        name = invented_name(number + 7 * self.serial)
        updated = self.newest_ms - number * self.step_ms
        cid = self.conversation_id(number)
        total = max(1, self.messages + number % 3 - 1)
        facts = {
            "item": _ITEMS[number % len(_ITEMS)], "n": f"{self.serial}{number:06d}",
            "k": number % 7 + 2, "price": 150 + number % 40 * 25,
        }  # fmt: skip
        messages = [
            Message(
                id=message_id(cid, position),
                sender=CUSTOMER if position % 2 == 0 else BUSINESS,
                text=_line(position, number).format(**facts),
                created_ms=updated - (total - 1 - position) * 45_000,
            )
            for position in range(total)
        ]
        return Conversation(
            id=cid, page_id=self.page_id, platform=self.platform,
            customer_id=self.customer_id(number), name=name,
            username=invented_username(name, number), messages=messages, updated_ms=updated,
        )  # fmt: skip


def _line(position: int, number: int) -> str:
    if position == 0:
        return _OPENERS[number % len(_OPENERS)]
    if position == 1:
        return _REPLIES[number % len(_REPLIES)]
    lines = _CLOSERS if position % 2 else _FOLLOWS
    return lines[(number // 3 + position) % len(lines)]


class Shelf:
    """All conversations of one Page on one platform."""

    def __init__(self, page_id: str, platform: str) -> None:
        self.page_id = page_id
        self.platform = platform
        self._kept: dict[str, Conversation] = {}
        self._by_customer: dict[str, str] = {}
        self._order: list[Key] = []
        self._ranges: list[Synthetic] = []
        self._build = lru_cache(maxsize=256)(self._build_synthetic)

    def __len__(self) -> int:
        return len(self._kept) + sum(r.count - len(r.moved) for r in self._ranges)

    def put(self, conversation: Conversation) -> None:
        """Keep a conversation, or move a kept one to where its new time belongs."""
        self.forget(conversation.id)
        self._kept[conversation.id] = conversation
        self._by_customer[conversation.customer_id] = conversation.id
        insort(self._order, (-conversation.updated_ms, conversation.id))

    def forget(self, conversation_id: str) -> None:
        """Drop a kept conversation's place, if it has one."""
        old = self._kept.pop(conversation_id, None)
        if old is not None:
            self._order = [key for key in self._order if key[1] != conversation_id]

    def add_range(self, *, count: int, newest_ms: int, step_ms: int, messages: int) -> Synthetic:
        """Add made-up conversations."""
        made = Synthetic(
            page_id=self.page_id, platform=self.platform, count=count, newest_ms=newest_ms,
            step_ms=max(1, step_ms), messages=messages, serial=len(self._ranges),
        )  # fmt: skip
        self._ranges.append(made)
        return made

    def clear(self) -> None:
        """Drop everything."""
        self._kept.clear()
        self._by_customer.clear()
        self._order.clear()
        self._ranges.clear()
        self._build.cache_clear()

    def walk(self, after: Key | None = None) -> Iterator[tuple[Key, Conversation]]:
        """Conversations newest first, from just after a key."""
        start = bisect_right(self._order, after) if after is not None else 0
        streams: list[Iterator[Place]] = [((key, -1, 0) for key in self._order[start:])]
        streams += [_places(i, made.walk(after)) for i, made in enumerate(self._ranges)]
        for key, serial, number in merge(*streams):
            yield key, self._kept[key[1]] if serial < 0 else self._build(serial, number)

    def find(self, conversation_id: str) -> Conversation | None:
        """The conversation with this id."""
        kept = self._kept.get(conversation_id)
        if kept is not None:
            return kept
        for serial, made in enumerate(self._ranges):
            number = made.number_of(_digits(conversation_id))
            if number is not None and made.conversation_id(number) == conversation_id:
                return self._build(serial, number)
        return None

    def find_customer(self, customer_id: str) -> Conversation | None:
        """The thread with this person."""
        if customer_id in self._by_customer:
            return self.find(self._by_customer[customer_id])
        for serial, made in enumerate(self._ranges):
            number = made.number_of(customer_id)
            if number is not None and made.customer_id(number) == customer_id:
                return self._build(serial, number)
        return None

    def find_message(self, mid: str) -> tuple[Conversation, int] | None:
        """The thread that holds a message, and the message's position in it."""
        likely = self.find(_thread_of(mid))
        for conversation in [likely] if likely else self._kept.values():
            for position, message in enumerate(conversation.messages):
                if message.id == mid:
                    return conversation, position
        return None

    def append(self, conversation: Conversation, message: Message) -> None:
        """Add a message to a thread, which moves to the top."""
        for made in self._ranges:
            number = made.number_of(_digits(conversation.id))
            if number is not None and made.conversation_id(number) == conversation.id:
                made.moved.add(number)
                conversation.messages = list(conversation.messages)
        conversation.messages.append(message)
        conversation.updated_ms = max(conversation.updated_ms, message.created_ms)
        self.put(conversation)

    def _build_synthetic(self, serial: int, number: int) -> Conversation:
        return self._ranges[serial].build(number)


def _places(serial: int, walk: Iterator[tuple[Key, int]]) -> Iterator[Place]:
    return ((key, serial, number) for key, number in walk)


def message_id(conversation_id: str, position: int) -> str:
    """Meta's id for a thread's message: m_… on Messenger, aWdfZAG1… on Instagram."""
    if conversation_id.startswith("aWdfZAG06"):
        return f"aWdfZAG1{conversation_id[9:]}{position:04d}"
    return f"m_{conversation_id[2:]}{position:04d}"


def _thread_of(mid: str) -> str:
    """The id of the thread a message id was made for."""
    return f"aWdfZAG06{mid[8:-4]}" if mid.startswith("aWdfZAG1") else f"t_{mid[2:-4]}"


def _digits(conversation_id: str) -> str:
    if conversation_id.startswith("aWdfZAG06"):
        encoded = conversation_id.removeprefix("aWdfZAG06")
        try:
            return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode(
                "ascii", "ignore"
            )
        except ValueError:
            return ""
    return conversation_id


def to_cursor(key: Key) -> str:
    """An opaque paging cursor for a place in the order."""
    return "QVFI" + base64.urlsafe_b64encode(f"{key[0]}|{key[1]}".encode()).decode().rstrip("=")


def from_cursor(cursor: str) -> Key:
    """The place a cursor stands for.

    Raises:
        ValueError: it isn't one of ours.
    """
    encoded = cursor.removeprefix("QVFI")
    text = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    minus_updated, _, conversation_id = text.partition("|")
    return int(minus_updated), conversation_id
