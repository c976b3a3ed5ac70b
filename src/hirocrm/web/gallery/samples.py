"""What the gallery shows the components with: made-up people, every state at least once."""

from datetime import UTC, datetime, timedelta

from hirocrm.web.components import Attachment, Bubble, Card, Column, StageMark, TimelineRow

NOW = datetime(2026, 11, 22, 6, 40, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

STAGES = (
    ("new", "New Lead", "#64748b", "LEAD"),
    ("contacted", "Contacted", "#0284c7", "IN_PROGRESS"),
    ("qualified", "Qualified", "#7c3aed", "IN_PROGRESS"),
    ("won", "Closed Won", "#16a34a", "WON"),
    ("lost", "Closed Lost", "#dc2626", "LOST"),
)

PEOPLE = (
    # name, channel, last words, who spoke last, score, confidence, moved by, tags
    ("Ana Cruz", "messenger", "hm po yung blue dress? pwede COD sa Cebu?", "customer", 82, 91, "ai"),
    ("Nguyễn Thị Mai", "instagram", "Shop ơi còn size M không ạ?", "customer", 64, 74, "ai"),
    ("🌸 Mia Santos", "instagram", "Yes po available, ₱450 each. What size?", "business", 47, 58, "ai"),
    ("José Hernández", "messenger", "¿Hacen envíos a Monterrey?", "customer", 71, 88, "person"),
    ("User 48A1F0", "messenger", "You sent a sticker.", "business", 12, 41, "ai"),
    ("Bea Villanueva-Dimaculangan", "instagram", "ok po reserve ko na yung dalawa", "customer", 95, 97, "ai"),
    ("محمد علي", "messenger", "كم السعر؟", "customer", None, None, ""),
)  # fmt: skip


def _card(number: int) -> Card:
    name, channel, text, spoke_last, score, confidence, moved_by = PEOPLE[number]
    return Card(
        contact_id=f"c{number}",
        name=name,
        url="#",
        move_url="/design/move",
        channel=channel,
        version=3,
        last_text=text,
        last_at=NOW - number * 7 * HOUR - 4 * MINUTE,
        spoke_last=spoke_last,
        score=score,
        confidence=confidence,
        moved_by=moved_by,
        tags=(("COD", "dress"), (), ("repeat buyer",))[number % 3],
        stage_entered_at=NOW - (number * 9 + 1) * DAY,
        is_stuck=number == 4,
        needs_review=number == 2,
        is_locked=moved_by == "person",
    )


def columns() -> list[Column]:
    """Five columns: full, short, empty, folded won and folded lost."""
    cards = ((0, 1, 4), (2, 3), (), (5,), ())
    counts = (1204, 2, 0, 86, 41)
    return [
        Column(
            stage_id=stage_id,
            name=name,
            color=color,
            type=kind,
            count=counts[place],
            cards=tuple(_card(number) for number in cards[place]),
            mean_score=(53, 59, None, 91, 18)[place],
            waiting=(37, 1, 0, 0, 0)[place],
            is_folded=kind in {"WON", "LOST"},
            reason_dialog="ask-why" if kind == "LOST" else "",
        )
        for place, (stage_id, name, color, kind) in enumerate(STAGES)
    ]


def messages() -> list[Bubble]:
    """A conversation with everything a message can be."""
    start = NOW - 2 * HOUR
    return [
        Bubble("m1", "customer", start, "Ana Cruz", "hm po yung blue dress? pwede COD sa Cebu?",
               quotes=("hm po yung blue dress?",)),
        Bubble("m2", "customer", start + MINUTE, "Ana Cruz", attachments=(Attachment("image", "#"),),
               reactions=("❤️",)),
        Bubble("m3", "business", start + 9 * MINUTE, "Maria's Closet",
               "Hi Ana! ₱450 po, yes COD within Cebu City. What size?", is_edited=True),
        Bubble("m4", "customer", start + 12 * MINUTE, "Ana Cruz", "medium po 🥰 pa-reserve, bukas ako magbabayad",
               reply_to="Hi Ana! ₱450 po, yes COD within Cebu City. What size?",
               quotes=("pa-reserve, bukas ako magbabayad",)),
        Bubble("m5", "customer", start + 13 * MINUTE, "Ana Cruz", "😍😍"),
        Bubble("m6", "customer", start + 15 * MINUTE, "Ana Cruz", is_deleted=True),
        Bubble("m7", "business", start + 20 * MINUTE, "Maria's Closet",
               attachments=(Attachment("audio"), Attachment("file", "#", "size-chart.pdf"))),
        Bubble("m8", "customer", start + 21 * MINUTE, "Ana Cruz", attachments=(Attachment("sticker"),)),
    ]  # fmt: skip


def timeline() -> list[TimelineRow]:
    """What the AI did, what a person did, what the system did."""
    marks = {stage_id: StageMark(name, color) for stage_id, name, color, _ in STAGES}
    return [
        TimelineRow("sparkles", "AI auto-assigned to pipeline", NOW - HOUR, "ai", "Gemini 3.5 Flash-Lite",
                    "She asks for the price, for cash on delivery and wants the dress held until tomorrow.",
                    marks["new"], marks["qualified"], 91, quotes=("pa-reserve, bukas ako magbabayad",)),
        TimelineRow("square-kanban", "Moved", NOW - 40 * MINUTE, "person", "Ben Reyes", "",
                    marks["qualified"], marks["won"], tone="good"),
        TimelineRow("sticky-note", "Note", NOW - 30 * MINUTE, "person", "Ben Reyes", "Paid by GCash, ship on Monday."),
        TimelineRow("refresh-cw", "Messages synced", NOW - 3 * DAY, "system", "", "12 new messages from Messenger."),
        TimelineRow("trophy", "Lost", NOW - 4 * DAY, "person", "Ben Reyes", "Too expensive",
                    marks["contacted"], marks["lost"], tone="bad"),
    ]  # fmt: skip
