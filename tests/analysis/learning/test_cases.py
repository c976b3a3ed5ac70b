from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from hirocrm.analysis.learning.cases import build_cases
from hirocrm.analysis.models import LearnedCase
from hirocrm.contacts.models import Conversation, Message
from hirocrm.contacts.services.contacts import delete_contact
from hirocrm.pipelines.models import Assignment
from tests.analysis.learning.shop import LATER, MORNING, Shop, open_shop
from tests.factories import AssignmentFactory, MessageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def by_vendor(settings: Settings) -> None:
    settings.ANALYZER_ORDER = ("gemini",)


@pytest.fixture
def shop() -> Shop:
    return open_shop()


def assigned(shop: Shop, chat: Conversation, stage: str = "New Lead") -> Assignment:
    return AssignmentFactory(
        contact=chat.contact, stage=shop.stages[stage], created_at=MORNING + timedelta(hours=1)
    )


def corrected(shop: Shop, *lines: str, stage: str = "Wholesale", reason: str = "") -> Conversation:
    chat = shop.chat(*lines)
    assigned(shop, chat)
    shop.place(chat, stage, reason=reason)
    return chat


def build(shop: Shop) -> int:
    return build_cases(
        organization_id=shop.page.organization_id, pipeline_id=shop.pipeline.pk, now=LATER
    )


def texts(message_ids: list[UUID]) -> list[str | None]:
    by_id = {row.pk: row.text for row in Message.objects.filter(pk__in=message_ids)}
    return [by_id[pk] for pk in message_ids]


class TestBuildCases:
    def test_a_correction_makes_one_case(self, shop: Shop) -> None:
        chat = corrected(shop, "c reseller po ako", "b hello po")

        assert (build(shop), build(shop)) == (1, 0)
        case = LearnedCase.objects.get()
        assert case.organization_id == shop.page.organization_id
        assert (case.contact_id, case.stage_id) == (chat.contact_id, shop.stages["Wholesale"].pk)
        assert case.assignment.outcome == "wrong"
        assert case.corrected_at == LATER
        assert texts(case.message_ids) == ["hello po", "reseller po ako"]

    def test_agreeing_counts_too(self, shop: Shop) -> None:
        chat = shop.chat("c hm po?")
        assigned(shop, chat, "Qualified")
        shop.place(chat, "Qualified")

        build(shop)
        assert LearnedCase.objects.get().stage_id == shop.stages["Qualified"].pk

    def test_what_was_written_after_the_verdict_is_left_out(self, shop: Shop) -> None:
        chat = corrected(shop, "c reseller po ako")
        MessageFactory(
            conversation=chat, text="cancel na po", created_time=LATER + timedelta(hours=1)
        )

        build(shop)
        assert texts(LearnedCase.objects.get().message_ids) == ["reseller po ako"]

    def test_the_newest_forty_messages_are_kept(self, shop: Shop) -> None:
        corrected(shop, *(f"c message {n}" for n in range(45)))

        build(shop)
        found = texts(LearnedCase.objects.get().message_ids)
        assert (len(found), found[0], found[-1]) == (40, "message 44", "message 5")

    def test_a_stage_renamed_since_is_still_the_one_chosen(self, shop: Shop) -> None:
        corrected(shop, "c reseller po ako")
        shop.stages["Wholesale"].name = "Bulk"
        shop.stages["Wholesale"].save()

        build(shop)
        assert LearnedCase.objects.get().stage_id == shop.stages["Wholesale"].pk

    def test_a_deleted_stage_teaches_nothing_and_is_not_looked_at_again(self, shop: Shop) -> None:
        chat = corrected(shop, "c reseller po ako")
        chat.contact.refresh_from_db()
        chat.contact.stage = None
        chat.contact.save()
        shop.stages["Wholesale"].delete()

        assert (build(shop), build(shop)) == (1, 0)
        assert LearnedCase.objects.get().stage_id is None

    def test_open_and_undone_assignments_are_no_verdicts(self, shop: Shop) -> None:
        assigned(shop, shop.chat("c hm po?"))
        corrected(shop, "c reseller po ako")
        Assignment.objects.exclude(corrected_at=None).update(undone_at=LATER)

        assert build(shop) == 0

    def test_verdicts_of_another_organization_are_not_taken(self, shop: Shop) -> None:
        other = open_shop()
        corrected(other, "c reseller po ako")

        assert build(shop) == 0
        assert (
            build_cases(
                organization_id=shop.page.organization_id, pipeline_id=other.pipeline.pk, now=LATER
            )
            == 0
        )

    def test_many_verdicts_are_taken_in_portions_of_a_few_queries(self, shop: Shop) -> None:
        for number in range(27):
            corrected(shop, f"c reseller po ako {number}")

        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert build(shop) == 25
        assert len(queries) == 5
        with CaptureQueriesContext(connection) as queries:
            assert (build(shop), build(shop)) == (2, 0)
        assert len(queries) == 6

    def test_erasing_a_contact_erases_its_cases(self, shop: Shop) -> None:
        chat = corrected(shop, "c reseller po ako")
        kept = corrected(shop, "c bulk order po")
        build(shop)

        delete_contact(member=shop.member, contact_id=chat.contact_id, now=LATER)

        assert [row.contact_id for row in LearnedCase.objects.all()] == [kept.contact_id]


class TestReadConversations:
    def test_a_similar_conversation_is_shown_the_masked_case(self, shop: Shop) -> None:
        corrected(
            shop,
            "c Reseller po ako, may bulk price po ba? 0917 123 4567",
            "b Meron po!",
            reason="Resellers go to wholesale, ask ana@shop.example",
        )
        (found,) = shop.prepare([shop.chat("c hi po reseller ako, bulk price?")])

        (example,) = found.request.corrections
        assert example.excerpt == (
            "customer: Reseller po ako, may bulk price po ba? (number)\nbusiness: Meron po!"
        )
        assert example.stage == "Wholesale"
        assert example.reason == "Resellers go to wholesale, ask (e-mail)"
        assert found.request.learned == ()

    def test_a_conversation_about_something_else_is_shown_none(self, shop: Shop) -> None:
        corrected(shop, "c Reseller po ako, may bulk price po ba?")
        (found,) = shop.prepare([shop.chat("c where is my parcel")])

        assert found.request.corrections == ()

    def test_the_shown_stage_has_its_name_of_today(self, shop: Shop) -> None:
        corrected(shop, "c reseller po ako")
        chat = shop.chat("c reseller po ako")
        shop.prepare([chat])
        shop.stages["Wholesale"].name = "Bulk"
        shop.stages["Wholesale"].save()

        (found,) = shop.prepare([chat])
        assert [example.stage for example in found.request.corrections] == ["Bulk"]

    def test_undoing_and_erasing_are_forgotten_at_once(self, shop: Shop) -> None:
        erased = corrected(shop, "c reseller po ako, paano po")
        undone = corrected(shop, "c reseller po ako")
        chat = shop.chat("c reseller po ako")
        assert len(shop.prepare([chat])[0].request.corrections) == 2

        delete_contact(member=shop.member, contact_id=erased.contact_id, now=LATER)
        assert len(shop.prepare([chat])[0].request.corrections) == 1
        Assignment.objects.filter(contact=undone.contact_id).update(undone_at=LATER)
        assert shop.prepare([chat])[0].request.corrections == ()

    def test_an_unsent_message_is_not_shown(self, shop: Shop) -> None:
        case = corrected(shop, "c reseller po ako", "c my address is Rizal St")
        Message.objects.filter(conversation=case, text__contains="Rizal").update(
            text=None, deleted_time=LATER
        )

        (found,) = shop.prepare([shop.chat("c reseller po ako")])
        assert found.request.corrections[0].excerpt == "customer: reseller po ako"

    def test_another_organization_learns_nothing_of_it(self, shop: Shop) -> None:
        corrected(shop, "c reseller po ako")
        other = open_shop()

        (found,) = other.prepare([other.chat("c reseller po ako")])
        assert (found.request.corrections, found.request.learned) == ((), ())

    def test_a_vendors_question_stays_the_same(self, shop: Shop) -> None:
        chat = shop.chat("c reseller po ako")
        (before,) = shop.prepare([chat])
        corrected(shop, "c reseller po ako")
        (after,) = shop.prepare([chat])

        assert after.request.corrections != ()
        assert after.input_hash == before.input_hash

    def test_takes_the_same_few_queries_for_any_number(self, shop: Shop) -> None:
        for number in range(5):
            corrected(shop, f"c reseller po ako {number}")
        chats = [shop.chat("c reseller po ako") for _ in range(6)]
        shop.prepare(chats)

        counts = []
        for some in (chats[:1], chats):
            rules = shop.rules
            with CaptureQueriesContext(connection) as queries:
                shop.prepare(some)
            counts.append(len(queries))
        assert rules.stages
        assert counts == [8, 8]  # one of them asks who reads for this organization


class TestLocalRows:
    @pytest.fixture(autouse=True)
    def locally(self, settings: Settings) -> None:
        settings.ANALYZER_ORDER = ("local",)

    def test_are_made_once_and_shared_by_a_batch(self, shop: Shop) -> None:
        corrected(shop, "c reseller po ako")
        chats = [shop.chat("c hm po?"), shop.chat("c hello po")]
        first, second = (found.request.learned for found in shop.prepare(chats))
        packed = LearnedCase.objects.get().packed_row
        assert packed is not None

        assert first is second
        assert [(e.stage, e.packed_row) for e in first] == [("Wholesale", bytes(packed))]
        LearnedCase.objects.update(packed_row=None)
        again = shop.prepare(chats)[0].request.learned
        assert again is first
        assert LearnedCase.objects.get().packed_row is None

    def test_another_lesson_is_another_question(self, shop: Shop) -> None:
        chat = shop.chat("c hm po?")
        hashes = [shop.prepare([chat])[0].input_hash for _ in range(2)]
        corrected(shop, "c reseller po ako")
        hashes += [shop.prepare([chat])[0].input_hash for _ in range(2)]

        assert hashes[0] == hashes[1] != hashes[2] == hashes[3]
