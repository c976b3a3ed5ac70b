"""Who is asked: the environment's order, and an organization's own choice before it."""

import pytest

from hirocrm.analysis.analysers import Analyser, Choice, list_analysers, read_choice
from hirocrm.analysis.asker import asker_for
from hirocrm.analysis.errors import AnalysersInvalid
from hirocrm.analysis.key_pool import keys
from hirocrm.analysis.models import AnalyserChoice
from tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def environment(settings):
    settings.ANALYZER_ORDER = ("auto",)
    settings.GOOGLE_AI_KEYS = ("key-number-1",)
    settings.GOOGLE_AI_MODELS = ("gemini-a",)
    settings.OPENAI_API_KEY = settings.OPENAI_MODEL = ""
    settings.ANTHROPIC_API_KEY = settings.ANTHROPIC_MODEL = ""


@pytest.fixture
def organization():
    return OrganizationFactory()


def choose(organization, *order, **models):
    AnalyserChoice.objects.create(
        organization=organization, order=list(order), vendor_models=models
    )


class TestListAnalysers:
    def test_is_the_environments_without_a_choice(self, organization):
        assert list_analysers(organization.id) == (Analyser("gemini", ("gemini-a",)),)
        assert list_analysers(None) == list_analysers(organization.id)

    def test_follows_the_choice(self, organization):
        choose(organization, "local", "gemini", gemini=["gemini-b", "gemini-c"])

        assert list_analysers(organization.id) == (
            Analyser("local"),
            Analyser("gemini", ("gemini-b", "gemini-c")),
        )

    def test_is_no_one_elses(self, organization):
        choose(OrganizationFactory(), "local")

        assert list_analysers(organization.id) == (Analyser("gemini", ("gemini-a",)),)

    def test_takes_a_chosen_model_in_the_environments_order(self, organization):
        choose(organization, gemini=["gemini-b"])

        assert list_analysers(organization.id) == (Analyser("gemini", ("gemini-b",)),)

    def test_a_chosen_model_and_an_own_key_make_a_vendor_the_first(self, organization, settings):
        settings.GOOGLE_AI_KEYS = ()
        keys.add_key(organization_id=organization.id, provider="openai", secret="sk-number-1")

        before = list_analysers(organization.id)
        choose(organization, openai=["gpt-x"])

        assert before == (Analyser("local"),)
        assert list_analysers(organization.id) == (Analyser("openai", ("gpt-x",)),)


class TestAskerFor:
    def test_is_the_first_of_the_choice(self, organization):
        choose(organization, "gemini", "local", gemini=["gemini-b"])

        asker = asker_for(organization)

        assert (asker.provider, asker.model, asker.may_be_local) == ("gemini", "gemini-b", True)

    def test_knows_that_the_local_one_is_never_asked(self, organization):
        assert asker_for(organization).may_be_local is False


class TestReadChoice:
    def test_tidies_names(self):
        choice = read_choice(["openai"], {"openai": [" a/b:free ", "", "a/b:free"], "gemini": [""]})

        assert choice == Choice(("openai",), {"openai": ("a/b:free",)})

    @pytest.mark.parametrize(
        ("order", "models", "field"),
        [
            (["auto"], {}, "order"),
            (["local", "local"], {}, "order"),
            ([], {"local": ["x"]}, "models"),
            ([], {"gemini": ["../../secret"]}, "gemini"),
            ([], {"gemini": ["a:countTokens?"]}, "gemini"),
            ([], {"anthropic": ["a b"]}, "anthropic"),
            ([], {"openai": ["x" * 101]}, "openai"),
            ([], {"openai": [f"m{n}" for n in range(11)]}, "openai"),
        ],
    )
    def test_refuses(self, order, models, field):
        with pytest.raises(AnalysersInvalid) as caught:
            read_choice(order, models)

        assert caught.value.details["field"] == field
