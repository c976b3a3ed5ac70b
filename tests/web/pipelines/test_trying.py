"""Trying stages on real conversations: the local analyser answers, and nothing is kept."""

from datetime import timedelta

import pytest
from django.urls import reverse

from hirocrm.analysis.models import Analysis, DailySpend
from hirocrm.contacts.models import Contact
from hirocrm.pipelines.services import create_default_pipeline
from tests.factories import ContactFactory, ConversationFactory, MessageFactory, PageFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def local(settings):
    settings.ANALYZER_ORDER = ("local",)


@pytest.fixture
def pipeline(owner):
    return create_default_pipeline(organization=owner.organization)


@pytest.fixture
def shop(owner, pipeline):
    return PageFactory(organization=owner.organization)


def conversation(page, now, name, *texts, hours=0) -> Contact:
    contact = ContactFactory(
        page=page,
        first_name=name,
        last_interaction_at=now - timedelta(hours=hours),
        last_message_text=texts[-1],
    )
    thread = ConversationFactory(contact=contact, has_text=True, last_message_at=now)
    for minute, text in enumerate(texts):
        MessageFactory(
            conversation=thread,
            text=text,
            sender="business" if minute % 2 else "customer",
            created_time=now - timedelta(hours=hours, minutes=30 - minute),
        )
    return contact


def shown(response) -> dict[str, str]:
    """The names, and the first choice of each."""
    return {
        one.contact.name: one.choices[0].name if one.choices else one.problem
        for one in response.context["answers"]
    }


class TestTryPipeline:
    def test_reads_the_five_who_wrote_last(self, sign_in, owner, pipeline, shop, now):
        for number in range(7):
            conversation(shop, now, f"Ana{number}", "hm po?", hours=number)

        response = sign_in(owner).post(reverse("pipeline-try", args=[pipeline.id]))

        names = [stage.name for stage in pipeline.stages.all()]
        assert sorted(shown(response)) == [f"Ana{number}" for number in range(5)]
        assert set(shown(response).values()) <= set(names)

    def test_keeps_nothing_but_what_it_cost(self, sign_in, owner, pipeline, shop, now):
        contact = conversation(
            shop, now, "Ana", "paid na po, sent the gcash receipt", "received po!"
        )
        before = Contact.objects.filter(id=contact.id).values().get()

        sign_in(owner).post(reverse("pipeline-try", args=[pipeline.id]), {"contact": contact.id})

        assert Contact.objects.filter(id=contact.id).values().get() == before
        assert Analysis.objects.count() == 0
        assert DailySpend.objects.values_list("provider", "calls").get() == ("local", 1)

    def test_goes_by_a_stage_that_is_not_saved(self, sign_in, owner, pipeline, shop, now):
        contact = conversation(shop, now, "Ana", "order po ako ng 2 blue", "sige po")
        stage = pipeline.stages.last()
        draft = {
            "drafted": stage.id,
            "name": "Walked away",
            "type": stage.type,
            "color": stage.color,
            "description": "They say no.",
            "contact": contact.id,
        }

        response = sign_in(owner).post(reverse("pipeline-try", args=[pipeline.id]), draft)

        assert [one.name for one in response.context["question"].stages][-1] == "Walked away"
        stage.refresh_from_db()
        assert stage.name == "Closed Lost"

    def test_ticks_the_step(self, sign_in, owner, pipeline, shop, now):
        conversation(shop, now, "Ana", "hm po?")
        client = sign_in(owner)

        client.post(reverse("pipeline-try", args=[pipeline.id]))

        assert 'data-step="try_ai" data-done="yes"' in client.get("/welcome").text

    def test_says_so_when_there_is_nothing_to_read(self, sign_in, owner, pipeline):
        text = sign_in(owner).post(reverse("pipeline-try", args=[pipeline.id])).text

        assert "Nothing to read yet" in text

    def test_is_not_a_viewers_to_spend(self, sign_in, viewer, pipeline):
        response = sign_in(viewer).post(reverse("pipeline-try", args=[pipeline.id]))

        assert response.status_code == 403

    def test_never_reads_another_organizations(self, sign_in, stranger, pipeline, shop, now):
        contact = conversation(shop, now, "Ana", "hm po?")
        own = create_default_pipeline(organization=stranger.organization)
        client = sign_in(stranger)

        foreign = client.post(reverse("pipeline-try", args=[pipeline.id]))
        response = client.post(reverse("pipeline-try", args=[own.id]), {"contact": contact.id})

        assert foreign.status_code == 404
        assert shown(response) == {}
