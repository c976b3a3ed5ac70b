"""The start page and the list of first steps."""

import re

import pytest

from hirocrm.organizations.models import Member, Organization
from hirocrm.pipelines.models import Pipeline
from tests.factories import (
    AssignmentFactory,
    ContactFactory,
    MemberFactory,
    PageFactory,
    StageFactory,
    UserFactory,
)
from tests.web.analyses import analysis_of


def done(text: str) -> dict[str, bool]:
    found = re.findall(r'data-step="(\w+)" data-done="(yes|no)"', text)
    return {step: answer == "yes" for step, answer in found}


class TestWelcome:
    def test_has_reviewed_enough_when_nobody_waits_any_more(self, sign_in, owner):
        contact = ContactFactory(page__organization=owner.organization)
        stage = StageFactory(pipeline__organization=owner.organization)
        AssignmentFactory(contact=contact, stage=stage, corrected_at="2026-01-01T00:00Z")

        assert done(sign_in(owner).get("/welcome").text)["review"] is True

    def test_starts_with_nothing_done(self, sign_in, owner):
        text = sign_in(owner).get("/welcome").text

        assert "0 of 6" in text
        assert set(done(text)) == {
            "bring_in",
            "stages",
            "try_ai",
            "threshold",
            "review",
            "invite",
        }
        assert not any(done(text).values())
        assert "Load demo data" in text

    def test_ticks_what_was_done_elsewhere(self, sign_in, owner):
        page = PageFactory(organization=owner.organization)
        stage = StageFactory(pipeline__organization=owner.organization)
        for _ in range(5):
            analysis_of(page, stage, 80)
        for _ in range(3):
            contact = ContactFactory(page=page)
            AssignmentFactory(contact=contact, stage=stage, corrected_at="2026-01-01T00:00Z")
        ContactFactory(page=page, needs_review=True)
        MemberFactory(organization=owner.organization)
        client = sign_in(owner)
        client.post(
            f"/pages/{page.id}",
            {
                "auto_pipeline_mode": "SKIP_EXISTING",
                "auto_pipeline_confidence_min": "70",
                "keep_manual_moves_days": "0",
                "sync_schedule": "off",
            },
        )

        text = client.get("/welcome").text

        assert done(text) == {
            "bring_in": True,
            "stages": False,
            "try_ai": True,
            "threshold": True,
            "review": False,
            "invite": True,
        }
        assert "3/10" in text
        assert "4 of 6" in text

    def test_skips_and_starts_over(self, sign_in, owner):
        client = sign_in(owner)

        skipped = client.post("/welcome/skip/invite", follow=True).text
        reset = client.post("/welcome/reset", follow=True).text

        assert "1 of 6" in skipped
        assert "0 of 6" in reset

    def test_knows_no_other_step(self, sign_in, owner):
        assert sign_in(owner).post("/welcome/skip/dance").status_code == 404

    @pytest.mark.parametrize("path", ["/welcome/skip/invite", "/welcome/dismiss"])
    def test_is_not_a_viewers_to_change(self, sign_in, viewer, path):
        assert sign_in(viewer).post(path).status_code == 403

    def test_offers_a_viewer_nothing_to_press(self, sign_in, viewer, owner):
        sign_in(owner).post("/welcome/dismiss")

        text = sign_in(viewer).get("/welcome").text

        assert [path for path in ("reset", "dismiss", "skip") if f"/welcome/{path}" in text] == []

    def test_asks_the_database_no_more_for_more_contacts(
        self, sign_in, owner, django_assert_num_queries
    ):
        page = PageFactory(organization=owner.organization)
        ContactFactory.create_batch(12, page=page)
        client = sign_in(owner)

        with django_assert_num_queries(10):
            client.get("/welcome")


class TestStart:
    def test_gives_a_new_person_an_organization_with_a_pipeline(self, sign_in, db):
        user = UserFactory()
        client = sign_in(Member(user=user))

        refused = client.get("/welcome")
        response = client.post("/start", {"name": "Ana's Closet"})

        organization = Organization.objects.get(name="Ana's Closet")
        assert refused.status_code == 403
        assert "/start" in refused.text
        assert response["Location"] == "/welcome"
        assert Pipeline.objects.get(organization=organization).name == "Sales Pipeline"

    def test_needs_a_name(self, sign_in, db):
        response = sign_in(Member(user=UserFactory())).post("/start", {"name": " "})

        assert response.status_code == 422
        assert not Organization.objects.exists()
