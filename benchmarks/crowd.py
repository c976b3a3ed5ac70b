"""A large organization, written straight into the database: `python -m benchmarks.crowd EMAIL CONTACTS`.

It is written once; asked again, only what is there is described.

Half of the contacts are in one stage, the rest is spread; each has a conversation of three messages and an
analysis, every twentieth a long one with a history, and every twentieth waits for review. It prints, as JSON,
what the measuring of pages needs to know of them.
"""

import json
import random
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID

from hirocrm.cli.connection import django_on_database

if TYPE_CHECKING:
    from django.db.models import Model

    from hirocrm.contacts.models import Contact, Conversation
    from hirocrm.pipelines.models import Stage

NOW = datetime.now(UTC)
SEED = 7
PORTION = 5_000  # contacts written at once, so that memory stays small
LONG_EVERY = 20
LONG_MESSAGES = 60
SHORT_MESSAGES = 3
SAMPLES = 300
FIRST = (
    "Maria", "Jose", "Ana", "Juan", "Grace", "Mark", "Liza", "Paolo", "Trisha", "Carlo", "Nguyễn", "Thảo",
    "Fatima", "Omar", "Sofía", "Diego", "Bea", "Jun", "Kim", "Rhea", "Lito", "Cora", "Ivy", "Noel",
)  # fmt: skip
LAST = tuple(
    f"{start}{end}"
    for start in ("Sant", "Rey", "Cru", "Del", "Mend", "Gar", "Bau", "Vill", "Tor", "Agui", "Oca", "Pas")
    for end in ("os", "es", "za", "ona", "oza", "cia", "tista", "anueva", "res", "lar")
)  # fmt: skip
WORDS = (
    "magkano", "po", "available", "pa", "ba", "size", "medium", "blue", "COD", "shipping", "bukas", "order",
    "salamat", "price", "discount", "pickup", "Makati", "Cebu", "gcash", "resibo", "2", "500", "👍", "hm",
    "reserve", "dress", "bag", "sige", "kailan", "dating", "warranty", "wholesale", "photo", "sukat", "itim",
)  # fmt: skip
RARE = tuple(f"kulay{n}" for n in range(400))
TAGS = tuple(f"tag-{n}" for n in range(20))


def main() -> None:
    """Fill the organization of the member named on the command line."""
    email, count = sys.argv[1], int(sys.argv[2])
    with django_on_database():
        print(json.dumps(fill(email, count)))


def fill(email: str, count: int) -> dict[str, Any]:
    """Write everything; the ids, cursors and words to measure with."""
    from django.db import connection

    from hirocrm.meta.models import Page
    from hirocrm.organizations.models import User
    from hirocrm.organizations.queries import find_member
    from hirocrm.pipelines.models import Pipeline

    member = find_member(user=User.objects.get(email=email))
    assert member is not None
    organization_id = member.organization_id
    pipeline = Pipeline.objects.get(organization_id=organization_id, is_default=True)
    stages = list(pipeline.stages.all())
    if not Page.objects.filter(organization_id=organization_id).exists():
        pages = [
            Page.objects.create(organization_id=organization_id, remote_id=f"{n}", name=f"Shop {n}", auto_pipeline=pipeline)
            for n in range(3)
        ]  # fmt: skip
        crowd = Crowd(random.Random(SEED), pages, stages)
        for start in range(0, count, PORTION):
            crowd.write(range(start, min(start + PORTION, count)))
    with (
        connection.cursor() as cursor
    ):  # an old folder too: migrations may have rewritten its tables
        cursor.execute("VACUUM (ANALYZE)")
    return facts(organization_id, pipeline.id, stages)


class Crowd:
    """Makes contacts with all that belongs to them."""

    def __init__(self, dice: random.Random, pages: list[Any], stages: "list[Stage]") -> None:
        self.dice = dice
        self.pages = pages
        self.stages = stages

    def write(self, numbers: range) -> None:
        """Write the contacts of these numbers."""
        from django.db import transaction

        contacts = [self.contact(number) for number in numbers]
        threads = [self.conversation(contact) for contact in contacts]
        long = contacts[::LONG_EVERY]
        with transaction.atomic():
            copy_in(contacts)
            copy_in(threads)
            copy_in(self.messages(threads))
            copy_in(self.analysis(thread) for thread in threads)
            copy_in(change for contact in long for change in self.history(contact))
            copy_in(self.suggestion(contact) for contact in contacts if contact.needs_review)

    def contact(self, number: int) -> "Contact":
        """A contact; the first half of all are in the second stage."""
        from hirocrm.contacts.models import Contact
        from hirocrm.contacts.search import build_search_text

        dice, page = self.dice, self.pages[number % len(self.pages)]
        stage = self.stages[1] if number % 2 else dice.choice(self.stages)
        at = NOW - timedelta(seconds=dice.randrange(200 * 86_400))
        first, last = dice.choice(FIRST), dice.choice(LAST)
        tags = dice.sample(TAGS, dice.choice((0, 0, 1, 2)))
        texts = [self.text() for _ in range(3)]
        return Contact(
            organization_id=page.organization_id, page=page, messenger_psid=f"psid{number}",
            first_name=first, last_name=last, name_source=2, tags=tags,
            pipeline_id=stage.pipeline_id, stage=stage, stage_entered_at=at, moved_by="ai",
            lead_score=dice.randrange(101), lead_status=dice.choice(("NEW", "CONTACTED", "QUALIFIED")),
            needs_review=number % LONG_EVERY == 0, ai_context=" ".join(texts), ai_context_updated_at=at,
            ai_confidence=dice.randrange(101), sentiment="neutral", urgency="low",
            last_interaction_at=at, last_message_text=texts[0][:200],
            last_message_sender=dice.choice(("customer", "business")), last_customer_message_at=at,
            search_text=build_search_text(first, last, "", tags, texts),
        )  # fmt: skip

    def text(self) -> str:
        """A line of chat."""
        words = self.dice.choices(WORDS, k=self.dice.randrange(3, 12))
        return " ".join([*words, self.dice.choice(RARE)])

    def conversation(self, contact: "Contact") -> "Conversation":
        """The contact's thread."""
        from hirocrm.contacts.models import Conversation

        count = LONG_MESSAGES if contact.needs_review else SHORT_MESSAGES
        return Conversation(
            organization_id=contact.organization_id, page_id=contact.page_id, contact=contact, platform="messenger",
            remote_id=f"t_{contact.messenger_psid}", message_count=count, stored_count=count, has_text=True,
            last_message_at=contact.last_interaction_at, analysis_state="done", revision=1, analysed_revision=1,
        )  # fmt: skip

    def messages(self, threads: "list[Conversation]") -> "Iterator[Model]":
        """All messages of some threads."""
        from hirocrm.contacts.models import Message

        for thread in threads:
            for number in range(thread.stored_count):
                assert thread.last_message_at is not None
                yield Message(
                    organization_id=thread.organization_id, page_id=thread.page_id, conversation=thread,
                    remote_id=f"{thread.remote_id}.{number}", sender=("customer", "business")[number % 2],
                    text=self.text(), created_time=thread.last_message_at - timedelta(minutes=7 * number), source="sync",
                )  # fmt: skip

    def analysis(self, thread: "Conversation") -> "Model":
        """What the AI said of a thread."""
        from hirocrm.analysis.models import Analysis

        assert thread.last_message_at is not None
        names = [stage.name for stage in self.dice.sample(self.stages, 3)]
        return Analysis(
            organization_id=thread.organization_id, contact_id=thread.contact_id, conversation=thread,
            summary="Asked for the price, then for the size. " * 4, recommended_stage=names[0],
            recommendations=[{"stage": name, "probability": p} for name, p in zip(names, (61, 27, 12), strict=True)],
            lead_score=50, lead_status="NEW", confidence=61, reasoning="The customer asked how much it is.",
            evidence=[], sentiment="neutral", urgency="low", priority="low", topics=["price"], language="fil",
            provider="local", model="local-1", input_hash=thread.remote_id, created_at=thread.last_message_at,
        )  # fmt: skip

    def history(self, contact: "Contact") -> "Iterator[Model]":
        """A few entries of a timeline."""
        from hirocrm.contacts.models import Activity

        for days in range(12):
            yield Activity(
                organization_id=contact.organization_id, contact=contact, type="STAGE_CHANGED",
                title="AI auto-assigned to pipeline", description="Asked how much it is.",
                to_stage_id=contact.stage_id, created_at=NOW - timedelta(days=days),
            )  # fmt: skip

    def suggestion(self, contact: "Contact") -> "Model":
        """A question for the review queue."""
        from hirocrm.pipelines.models import Suggestion

        choices = self.dice.sample(self.stages, 3)
        return Suggestion(
            organization_id=contact.organization_id, contact=contact, pipeline_id=choices[0].pipeline_id,
            stage=choices[0], kind="review", confidence=40, lead_score=40, lead_status="NEW",
            recommendations=[
                {"stageId": str(one.id), "stage": one.name, "probability": p}
                for one, p in zip(choices, (40, 33, 27), strict=True)
            ],
            reasoning="Not sure.", provider="local", model="local-1",
            created_at=NOW - timedelta(seconds=self.dice.randrange(10_000_000)),
        )  # fmt: skip


def copy_in(rows: "Iterable[Model]") -> None:
    """Write rows by COPY, `PORTION` at a time."""
    from django.db import connection

    source = iter(rows)
    while portion := list(islice(source, PORTION)):
        model = type(portion[0])
        fields = [
            field
            for field in model._meta.concrete_fields  # noqa: SLF001  # Django documents _meta
            if not getattr(field, "generated", False)
        ]
        names = ", ".join(connection.ops.quote_name(field.column) for field in fields)
        with (
            connection.cursor() as cursor,
            cursor.copy(f"COPY {model._meta.db_table} ({names}) FROM STDIN") as copy,  # noqa: SLF001
        ):
            for row in portion:
                copy.write_row(
                    [
                        field.get_db_prep_save(field.pre_save(row, add=True), connection)
                        for field in fields
                    ]
                )


def facts(organization_id: UUID, pipeline_id: UUID, stages: "list[Stage]") -> dict[str, Any]:
    """Contacts, places deep in the lists, and questions, each at random."""
    from hirocrm.contacts.models import Contact
    from hirocrm.contacts.queries import SORTS
    from hirocrm.core.pagination import cursor_of
    from hirocrm.pipelines.models import Suggestion

    mine = Contact.objects.filter(organization_id=organization_id)
    contacts = list(mine.order_by("?")[:SAMPLES])
    long = list(mine.filter(needs_review=True).order_by("?")[:SAMPLES])
    full = list(mine.filter(stage=stages[1]).order_by("?")[:SAMPLES])
    return {
        "pipeline": str(pipeline_id),
        "stages": [str(stage.id) for stage in stages],
        "full_stage": str(stages[1].id),
        "contacts": [str(row.id) for row in [*contacts, *long]],
        "suggestions": [
            str(pk)
            for pk in Suggestion.objects.filter(organization_id=organization_id, state="open")
            .exclude(contact__in=[*contacts, *long])  # which are moved, and so answered
            .order_by("?")
            .values_list("pk", flat=True)[:SAMPLES]
        ],
        "cursors": {
            sort: [cursor_of(row, order) for row in contacts] for sort, order in SORTS.items()
        },
        "card_cursors": [cursor_of(row, SORTS["-lastInteraction"]) for row in full],
    }


if __name__ == "__main__":
    main()
