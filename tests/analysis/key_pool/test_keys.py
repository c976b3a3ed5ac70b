from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import Settings

from hirocrm.analysis.errors import KeyAlreadyAdded, KeyInvalid, KeyNotFound
from hirocrm.analysis.key_pool import keyring, keys
from hirocrm.analysis.key_pool.keyring import Limits
from hirocrm.analysis.models import AnalysisKey, AnalysisQuota
from hirocrm.organizations.models import Organization

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
SECRET = "AQ.a-key-of-the-shop"


@pytest.fixture(autouse=True)
def environment(settings: Settings) -> None:
    settings.GOOGLE_AI_KEYS = ("key-of-environment-1",)
    settings.GOOGLE_AI_MODELS = ("gemini-x",)
    settings.GOOGLE_AI_RPM, settings.GOOGLE_AI_TPM, settings.GOOGLE_AI_RPD = 15, 1000, 500
    settings.OPENAI_API_KEY = settings.OPENAI_MODEL = settings.ANTHROPIC_API_KEY = ""


@pytest.fixture
def shop() -> Organization:
    return Organization.objects.create(name="Shop")


@pytest.fixture
def stranger() -> Organization:
    return Organization.objects.create(name="Other")


def add(organization: Organization, secret: str = SECRET, **fields: str) -> AnalysisKey:
    return keys.add_key(organization_id=organization.id, provider="gemini", secret=secret, **fields)


class TestAddKey:
    def test_keeps_it_encrypted(self, shop: Organization) -> None:
        row = add(shop, label="Mine")

        with connection.cursor() as cursor:
            cursor.execute("SELECT secret, last4 FROM analysis_analysiskey WHERE id = %s", [row.id])
            stored, last4 = cursor.fetchone()
        assert SECRET not in stored
        assert last4 == "shop"
        assert AnalysisKey.objects.get(id=row.id).secret == SECRET

    def test_refuses_a_key_twice(self, shop: Organization, stranger: Organization) -> None:
        add(shop)
        add(stranger)

        with pytest.raises(KeyAlreadyAdded):
            add(shop)
        with pytest.raises(KeyAlreadyAdded):
            add(shop, "key-of-environment-1")
        assert AnalysisKey.objects.filter(organization=shop).count() == 1

    @pytest.mark.parametrize(
        "secret", ["", "short", "with a blank in it", "ключ-ключ-ключ", "x" * 500]
    )
    def test_refuses_what_is_no_key(self, shop: Organization, secret: str) -> None:
        with pytest.raises(KeyInvalid):
            add(shop, secret)
        assert AnalysisKey.objects.count() == 0

    def test_the_same_key_of_two_organizations_shares_one_budget(
        self, shop: Organization, stranger: Organization
    ) -> None:
        assert add(shop).budget_id == add(stranger).budget_id

    def test_a_project_group_is_the_organizations_own(
        self, shop: Organization, stranger: Organization
    ) -> None:
        one = add(shop, "key-of-group-1", project_group="Main")
        two = add(shop, "key-of-group-2", project_group="main ")
        other = add(stranger, "key-of-group-3", project_group="Main")

        assert one.budget_id == two.budget_id != other.budget_id

    def test_the_database_holds_a_key_once(self) -> None:
        keyring.register_environment_keys()
        row = AnalysisKey.objects.get()

        with pytest.raises(IntegrityError), transaction.atomic():
            AnalysisKey.objects.create(
                provider="gemini", fingerprint=row.fingerprint, budget_id="key:x"
            )


class TestListKeyViews:
    def test_shows_state_limits_and_use(self, shop: Organization) -> None:
        row = add(shop)
        AnalysisQuota.objects.create(
            provider="gemini",
            budget_id=row.budget_id,
            model="gemini-x",
            parked_until=NOW + timedelta(seconds=30),
            parked_reason="minute",
            notice="Slow down.",
            day=NOW.date(),
            day_requests=7,
            window=[[int(NOW.timestamp() * 4), 3, 900]],
        )

        environment, own = keys.list_key_views(organization_id=shop.id, now=NOW)

        assert (environment.state, environment.from_environment) == ("ready", True)
        assert environment.label == "GOOGLE_AI_API_KEY"
        assert environment.limits == Limits(15, 1000, 500)
        assert (own.state, own.until, own.reason) == (
            "cooling",
            NOW + timedelta(seconds=30),
            "Slow down.",
        )
        assert (own.requests_last_minute, own.tokens_last_minute, own.requests_today) == (3, 900, 7)

    def test_a_spent_day_lasts_until_midnight_pacific(self, shop: Organization) -> None:
        row = add(shop)
        AnalysisQuota.objects.create(
            provider="gemini",
            budget_id=row.budget_id,
            model="gemini-x",
            day=NOW.date(),
            day_requests=500,
        )

        own = keys.list_key_views(organization_id=shop.id, now=NOW)[1]

        assert (own.state, own.until) == ("spent", datetime(2026, 11, 23, 8, tzinfo=UTC))

    def test_hides_other_organizations_keys_and_keys_that_left(
        self, settings: Settings, shop: Organization, stranger: Organization
    ) -> None:
        add(stranger)
        keyring.register_environment_keys()
        settings.GOOGLE_AI_KEYS = ()

        assert keys.list_key_views(organization_id=shop.id, now=NOW) == []


class TestChangeKey:
    def test_new_limits_replace_what_google_taught(self, shop: Organization) -> None:
        row = add(shop)
        AnalysisQuota.objects.create(
            provider="gemini",
            budget_id=row.budget_id,
            model="gemini-x",
            learned_rpm=3,
            learned_at=NOW,
        )

        keys.change_key(organization_id=shop.id, key_id=row.id, limits=Limits(100, 0, 0))

        assert keys.list_key_views(organization_id=shop.id, now=NOW)[1].limits == Limits(100, 0, 0)

    def test_disables_and_enables(self, shop: Organization) -> None:
        row = add(shop)

        off = keys.change_key(organization_id=shop.id, key_id=row.id, is_enabled=False)
        state = keys.list_key_views(organization_id=shop.id, now=NOW)[1].state
        on = keys.change_key(organization_id=shop.id, key_id=row.id, is_enabled=True)

        assert (off.standing, state, on.standing) == ("disabled", "disabled", "ready")

    def test_a_strangers_key_is_not_found(self, shop: Organization, stranger: Organization) -> None:
        row = add(shop)

        with pytest.raises(KeyNotFound):
            keys.change_key(organization_id=stranger.id, key_id=row.id, label="Mine now")
        row.refresh_from_db()
        assert row.label == ""


class TestSeveralModels:
    def test_a_key_is_shown_for_the_model_it_is_asked_for(
        self, shop: Organization, settings: Settings
    ) -> None:
        settings.GOOGLE_AI_MODELS = ("gemini-gone", "gemini-x")
        row = add(shop)
        AnalysisQuota.objects.create(
            provider="gemini",
            budget_id=row.budget_id,
            model="gemini-gone",
            parked_until=NOW + timedelta(hours=1),
            parked_reason="retired",
            notice="Gone.",
        )

        own = keys.list_key_views(organization_id=shop.id, now=NOW)[1]

        assert (own.model, own.state) == ("gemini-x", "ready")
        assert keys.list_notices(organization_id=shop.id, now=NOW) == ["Gone."]


class TestResetAndDelete:
    def test_reset_forgets_refusal_and_rest(self, shop: Organization) -> None:
        row = add(shop)
        AnalysisKey.objects.filter(id=row.id).update(standing="refused", refused_reason="No.")
        AnalysisQuota.objects.create(
            provider="gemini",
            budget_id=row.budget_id,
            model="gemini-x",
            parked_until=NOW + timedelta(hours=1),
            parked_reason="retired",
            notice="Gone.",
        )

        keys.reset_key(organization_id=shop.id, key_id=row.id)

        own = keys.list_key_views(organization_id=shop.id, now=NOW)[1]
        assert (own.state, own.reason) == ("ready", "")
        assert keys.list_notices(organization_id=shop.id, now=NOW) == []

    def test_delete_is_for_own_keys(self, shop: Organization) -> None:
        row = add(shop)
        keyring.register_environment_keys()
        environment = AnalysisKey.objects.get(organization=None)

        keys.delete_key(organization_id=shop.id, key_id=row.id)
        with pytest.raises(KeyInvalid, match="comes from GOOGLE_AI_API_KEY"):
            keys.delete_key(organization_id=shop.id, key_id=environment.id)

        assert list(AnalysisKey.objects.all()) == [environment]


class TestRotation:
    def test_a_key_is_known_after_the_secret_key_was_rotated(self, settings: Settings) -> None:
        keyring.register_environment_keys()
        settings.ENCRYPTION_KEYS = ("a-new-secret-key-of-tests", *settings.ENCRYPTION_KEYS)

        keyring.register_environment_keys()

        assert AnalysisKey.objects.count() == 1
        assert len(keyring.list_keys("gemini", None)) == 1
