"""A model that a person named, against what its vendor lists."""

import pytest

from hirocrm.analysis.errors import AnalysersInvalid
from hirocrm.analysis.key_pool import keys
from hirocrm.analysis.model_lists import find_secret, is_offered, refuse_unknown
from hirocrm.analysis.models import KeyStanding
from tests.factories import OrganizationFactory


class TestIsOffered:
    @pytest.mark.parametrize(
        ("provider", "model", "listed", "expected"),
        [
            ("gemini", "gemini-3.5-flash", "gemini-3.5-flash", True),
            ("gemini", "gemini-3.5-flash", "gemini-3.5-flash-lite", False),
            ("anthropic", "claude-haiku-4-5", "claude-haiku-4-5-20251001", True),
            ("anthropic", "claude-3-5-haiku-latest", "claude-3-5-haiku-20241022", True),
            ("anthropic", "claude-haiku-4", "claude-haiku-4-5-20251001", False),
            ("anthropic", "claude-haiku", "claude-haiku-4-5-20251001", False),
            ("openai", "llama3", "llama3:latest", True),
            ("openai", "vendor/model:free", "vendor/model", True),
            ("openai", "gpt-x", "gpt-x-mini", False),
        ],
    )
    def test_knows_aliases_and_variants(self, provider, model, listed, expected):
        assert is_offered(provider, model, [listed]) is expected


class TestRefuseUnknown:
    def test_names_the_nearest(self):
        offered = ["gemini-3.5-flash", "gemini-3.5-flash-lite", "embedder"]

        with pytest.raises(AnalysersInvalid) as caught:
            refuse_unknown("gemini", ["gemini-3.5-flash", "gemini-2.0-flash-exp"], offered)

        assert caught.value.sentence == (
            "Gemini does not offer the model gemini-2.0-flash-exp to this key. "
            "The nearest it has: gemini-3.5-flash-lite, gemini-3.5-flash."
        )
        assert caught.value.details["field"] == "gemini"


@pytest.mark.django_db
class TestFindSecret:
    def test_is_the_organizations_own_before_the_environments(self, settings):
        settings.GOOGLE_AI_KEYS = ("key-of-the-environment",)
        organization = OrganizationFactory()
        keys.list_key_views(organization_id=organization.id, now=organization.created_at)
        before = find_secret("gemini", organization.id)
        own = keys.add_key(
            organization_id=organization.id, provider="gemini", secret="key-of-our-own"
        )
        with_own = find_secret("gemini", organization.id)
        own.standing = KeyStanding.REFUSED
        own.save()

        assert before == "key-of-the-environment"
        assert with_own == "key-of-our-own"
        assert find_secret("gemini", organization.id) == "key-of-the-environment"
        assert find_secret("gemini", OrganizationFactory().id) == "key-of-the-environment"
