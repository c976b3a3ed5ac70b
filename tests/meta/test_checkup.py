"""The daily look at a connection, against a stand-in Meta."""

from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from procrastinate.contrib.django.models import ProcrastinateJob

from hirocrm.meta import checkup, renewal, requirements
from hirocrm.meta.models import ConnectionState, Page
from hirocrm.sandbox.graph.tokens import SCOPES
from tests.factories import PageFactory

CLOSET, INSTAGRAM = "110000000000001", "17841400000000001"
CONNECTED = datetime(2026, 2, 1, tzinfo=UTC)
FACEBOOK_ONLY = [scope for scope in SCOPES if not scope.startswith("instagram")]


@pytest.fixture
def page(sandbox, owner) -> Page:
    token = sandbox.graph.add_page(
        CLOSET, "Ana's Closet", instagram_id=INSTAGRAM, instagram_username="anas.closet"
    )
    return PageFactory(
        organization=owner.organization, remote_id=CLOSET, instagram_account_id=INSTAGRAM,
        access_token=token, connected_at=CONNECTED,
    )  # fmt: skip


@pytest.fixture
def account(sandbox, owner) -> Page:
    """Connected by Instagram Login."""
    sandbox.graph.add_page(
        CLOSET, "Ana's Closet", instagram_id=INSTAGRAM, instagram_username="anas.closet"
    )
    return PageFactory(
        organization=owner.organization, remote_id=INSTAGRAM, instagram_account_id=INSTAGRAM,
        flavour="instagram", access_token=sandbox.graph.issue_token(CLOSET, kind="INSTAGRAM"),
        connected_at=CONNECTED,
    )  # fmt: skip


def look(page: Page, now: datetime) -> Page:
    checkup.check_now(page, now=now)
    page.refresh_from_db()
    return page


def subscribed(sandbox) -> list[str]:
    return list(sandbox.control.state()["pages"][0]["subscribed_fields"])


class TestState:
    def test_a_working_connection_is_healthy_and_known_better(self, sandbox, page, now):
        look(page, now)

        assert (page.state, page.checked_at) == (ConnectionState.HEALTHY, now)
        assert page.granted_scopes == list(SCOPES)
        assert page.connected_user_id == "9000000000000001"
        assert page.token_expires_at is None
        assert page.data_access_expires_at is not None

    @pytest.mark.parametrize(
        ("subcode", "word"), [(458, "removed the app"), (460, "password"), (492, "role")]
    )
    def test_a_dead_token_says_why(self, sandbox, page, now, subcode, word):
        sandbox.graph.kills_token(CLOSET, subcode)

        look(page, now)

        assert page.state == ("removed" if subcode == 458 else "needs_reconnect")
        assert word in page.state_reason

    def test_a_dead_token_is_found_without_an_app_too(self, sandbox, page, now, settings):
        settings.FACEBOOK_APP_ID = settings.FACEBOOK_APP_SECRET = ""
        sandbox.graph.kills_token(CLOSET, 463)

        assert look(page, now).state == ConnectionState.NEEDS_RECONNECT

    def test_a_dead_token_of_a_removed_app_keeps_what_meta_told(self, sandbox, page, now):
        page.state, page.state_reason = ConnectionState.REMOVED, "They removed the app on Facebook."
        page.save()
        sandbox.graph.kills_token(CLOSET, 463)

        look(page, now)

        assert page.state == ConnectionState.REMOVED
        assert page.state_reason == "They removed the app on Facebook."

    def test_a_token_that_lives_again_is_healthy(self, page, now):
        page.state, page.state_reason = ConnectionState.NEEDS_RECONNECT, "Confirm your account."
        page.save()

        look(page, now)

        assert (page.state, page.state_reason) == (ConnectionState.HEALTHY, "")

    @pytest.mark.parametrize(
        ("has_app", "state"),
        [(False, ConnectionState.NEEDS_RECONNECT), (True, ConnectionState.HEALTHY)],
    )
    def test_a_token_refused_a_moment_ago_lives_only_by_metas_word_on_it(
        self, page, now, settings, has_app, state
    ):
        if not has_app:
            settings.FACEBOOK_APP_ID = settings.FACEBOOK_APP_SECRET = ""
        page.state = ConnectionState.NEEDS_RECONNECT
        page.save()

        found = async_to_sync(checkup.examine)(page, now=now)
        checkup.record(page, found, now=now, doubted=True)

        page.refresh_from_db()
        assert page.state == state

    @pytest.mark.parametrize("op", ["node", "subscribed_apps", "debug_token"])
    def test_whatever_else_meta_lacks_conversations_decide(self, sandbox, page, now, op):
        sandbox.graph.refuses(code=2500, status=404, match={"op": op})

        look(page, now)

        assert (page.state, page.checked_at) == (ConnectionState.HEALTHY, now)

    def test_missing_scopes_are_named(self, sandbox, page, now):
        page.access_token = sandbox.graph.issue_token(CLOSET, scopes=FACEBOOK_ONLY)
        page.save()

        look(page, now)

        assert page.state == ConnectionState.NEEDS_PERMISSION
        assert "instagram_basic, instagram_manage_messages" in page.state_reason

    def test_instagrams_scopes_matter_only_with_an_account(self, sandbox, owner, now):
        sandbox.graph.add_page(CLOSET, "Ana's Closet")
        page = PageFactory(
            organization=owner.organization, remote_id=CLOSET,
            access_token=sandbox.graph.issue_token(CLOSET, scopes=FACEBOOK_ONLY),
        )  # fmt: skip

        assert look(page, now).state == ConnectionState.HEALTHY

    def test_tasks_that_were_taken_away_are_named(self, sandbox, page, now):
        sandbox.graph.add_page(CLOSET, token=page.access_token, tasks=["ANALYZE"])

        look(page, now)

        assert page.state == ConnectionState.NEEDS_PERMISSION
        assert "Community activity, Messages" in page.state_reason
        assert (page.tasks, page.tasks_read_at) == (["ANALYZE"], now)

    def test_tasks_that_were_given_since_are_taken(self, sandbox, page, now):
        page.tasks, page.tasks_read_at = ["ANALYZE"], CONNECTED
        page.state = ConnectionState.NEEDS_PERMISSION
        page.save()
        sandbox.graph.add_page(
            CLOSET, token=page.access_token, tasks=["MESSAGING", "MODERATE"], instagram_id=INSTAGRAM
        )

        look(page, now)

        assert (page.state, page.state_reason) == (ConnectionState.HEALTHY, "")
        assert (page.tasks, page.tasks_read_at) == (["MESSAGING", "MODERATE"], now)

    @pytest.mark.parametrize(
        ("tasks", "state"), [(["ANALYZE"], "needs_permission"), ([], "healthy")]
    )
    def test_tasks_that_meta_doesnt_tell_stay_as_they_were_told(
        self, sandbox, page, now, tasks, state
    ):
        page.tasks, page.tasks_read_at = tasks, CONNECTED if tasks else None
        page.save()
        sandbox.graph.refuses(CLOSET, 200, match={"op": "roles"})

        look(page, now)

        assert page.state == state
        assert (page.tasks, page.tasks_read_at) == (tasks, CONNECTED if tasks else None)

    def test_a_refused_edge_is_a_permission(self, sandbox, page, now):
        sandbox.graph.refuses(CLOSET, 10, match={"op": "page"})

        assert look(page, now).state == ConnectionState.NEEDS_PERMISSION

    def test_a_permission_is_missing_until_conversations_are_shown(self, sandbox, page, now):
        page.state = ConnectionState.NEEDS_PERMISSION
        page.save()
        fault = sandbox.graph.refuses(CLOSET, 10, match={"op": "conversations"})
        assert look(page, now).state == ConnectionState.NEEDS_PERMISSION

        sandbox.control.ends(fault)

        assert look(page, now).state == ConnectionState.HEALTHY
        assert sandbox.control.count("graph.conversations") == 3

    def test_a_healthy_pages_conversations_are_left_to_syncs(self, sandbox, page, now):
        look(page, now)

        assert sandbox.control.count("graph.conversations") == 0

    def test_a_pause_is_a_pause(self, sandbox, page, now):
        sandbox.graph.rate_limits(CLOSET, 80006, regain_minutes=5, match={"op": "page"})

        look(page, now)

        assert (page.state, page.limited_until) == (
            ConnectionState.LIMITED,
            now + timedelta(minutes=5),
        )

    def test_a_pause_of_sending_alone_outlasts_a_look_that_works(self, page, now):
        page.state, page.limited_until = ConnectionState.LIMITED, now + timedelta(hours=5)
        page.save()

        assert look(page, now).state == ConnectionState.LIMITED
        assert look(page, now + timedelta(hours=5)).state == ConnectionState.HEALTHY

    def test_a_pause_hides_no_dead_token(self, sandbox, page, now):
        page.state = ConnectionState.NEEDS_RECONNECT
        page.save()
        sandbox.graph.rate_limits(CLOSET, 80006, match={"op": "page"})

        assert look(page, now).state == ConnectionState.NEEDS_RECONNECT

    @pytest.mark.parametrize("kind", ["html_502", "reset", "broken_json"])
    def test_a_passing_fault_changes_nothing_and_is_looked_at_again(self, sandbox, page, now, kind):
        page.state = ConnectionState.NEEDS_PERMISSION
        page.save()
        sandbox.graph.breaks(kind)

        look(page, now)

        assert (page.state, page.checked_at) == (ConnectionState.NEEDS_PERMISSION, None)
        assert checkup.list_due(now=now) == [page]

    def test_a_page_that_its_token_no_longer_sees_needs_reconnecting(self, sandbox, page, now):
        sandbox.graph.refuses(code=100, subcode=33)

        look(page, now)

        assert page.state == ConnectionState.NEEDS_RECONNECT
        assert page.state_reason == checkup.NOT_OURS

    def test_a_reconnect_meanwhile_wins(self, sandbox, page, now):
        sandbox.graph.kills_token(CLOSET, 460)
        found = async_to_sync(checkup.examine)(page, now=now)
        Page.objects.update(connected_at=now)

        checkup.record(page, found, now=now)

        assert Page.objects.get().state == ConnectionState.HEALTHY

    def test_an_account_linked_later_is_taken(self, page, now):
        Page.objects.update(instagram_account_id=None)
        page.refresh_from_db()

        look(page, now)

        assert (page.instagram_account_id, page.instagram_username) == (INSTAGRAM, "anas.closet")

    def test_an_account_that_another_page_holds_is_not(self, page, owner, now):
        Page.objects.update(instagram_account_id=None)
        page.refresh_from_db()
        PageFactory(organization=owner.organization, instagram_account_id=INSTAGRAM)

        look(page, now)

        assert (page.instagram_account_id, page.state) == (None, ConnectionState.HEALTHY)


class TestEvents:
    def test_are_subscribed(self, sandbox, page, now):
        look(page, now)

        assert subscribed(sandbox) == list(requirements.PAGE_FIELDS)
        assert page.subscribed_fields == list(requirements.PAGE_FIELDS)

    def test_are_subscribed_again_when_some_lack(self, sandbox, page, now):
        look(page, now)
        calls = sandbox.control.count("graph.subscribed_apps")
        look(page, now)
        assert sandbox.control.count("graph.subscribed_apps") == calls + 1

        sandbox.graph.breaks("missing_fields", match={"op": "subscribed_apps"}, times=1, fields=["subscribed_fields"])  # fmt: skip
        look(page, now)

        assert sandbox.control.count("graph.subscribed_apps") == calls + 3

    def test_that_were_switched_off_have_what_was_missed_looked_for(self, sandbox, page, now):
        def asked_for() -> int:
            return ProcrastinateJob.objects.filter(task_name="webhooks.repair_page").count()

        Page.objects.filter(pk=page.pk).update(last_synced_at=now)
        look(page, now)
        look(page, now)
        assert asked_for() == 1  # by the first look, which subscribed them

        ProcrastinateJob.objects.filter(task_name="webhooks.repair_page").update(status="succeeded", queueing_lock=None)  # fmt: skip
        sandbox.graph.breaks("missing_fields", match={"op": "subscribed_apps"}, times=1, fields=["subscribed_fields"])  # fmt: skip
        look(page, now)

        job = ProcrastinateJob.objects.get(task_name="webhooks.repair_page", status="todo")
        assert job.args == {"page_id": str(page.pk)}

    def test_are_left_alone_for_a_token_of_an_unknown_app(self, sandbox, page, now, settings):
        settings.FACEBOOK_APP_ID, settings.FACEBOOK_APP_SECRET = "4711", "another-apps-secret"

        look(page, now)

        assert subscribed(sandbox) == []

    def test_are_reduced_to_the_core_when_one_is_refused(self, sandbox, page, now):
        sandbox.graph.refuses(CLOSET, 100, match={"op": "subscribed_apps", "method": "POST"}, times=1)  # fmt: skip

        look(page, now)

        assert page.subscribed_fields == ["messages", "message_echoes", "messaging_postbacks"]
        assert page.state == ConnectionState.HEALTHY

    def test_are_only_looked_at_without_repair(self, sandbox, page, now):
        found = async_to_sync(checkup.examine)(page, now=now, repair=False)

        assert (found.state, found.subscription.fields) == (ConnectionState.HEALTHY, ())
        assert subscribed(sandbox) == []


class TestInstagramLogin:
    def test_is_looked_at_at_its_own_host(self, sandbox, account, now):
        look(account, now)

        assert (account.state, account.subscribed_fields) == (
            ConnectionState.HEALTHY,
            list(requirements.INSTAGRAM_FIELDS),
        )
        assert subscribed(sandbox) == []

    def test_a_dead_token_needs_reconnecting(self, sandbox, account, now):
        sandbox.graph.kills_token(CLOSET, 463)

        assert look(account, now).state == ConnectionState.NEEDS_RECONNECT

    @pytest.mark.django_db(transaction=True)
    def test_a_token_is_renewed_before_it_ends(self, sandbox, account):
        now = datetime.now(UTC)
        old = account.access_token = sandbox.graph.issue_token(
            CLOSET, kind="INSTAGRAM", issued_at=0
        )
        account.token_issued_at, account.token_expires_at = now - timedelta(days=40), now + timedelta(days=20)  # fmt: skip
        account.save()

        async_to_sync(renewal.renew_if_due)(account, now=now)

        account.refresh_from_db()
        assert account.access_token not in {old, ""}
        assert account.token_expires_at == now + timedelta(seconds=5_183_944)

    @pytest.mark.parametrize(
        ("issued_days", "left_days", "due"),
        [(40, 20, True), (40, 31, False), (0, 1, False), (70, -10, True)],
    )
    def test_is_due_in_its_last_month_and_never_on_its_first_day(
        self, account, now, issued_days, left_days, due
    ):
        account.token_issued_at = now - timedelta(days=issued_days)
        account.token_expires_at = now + timedelta(days=left_days)

        assert renewal.is_due(account, now=now) is due

    def test_a_refused_renewal_keeps_the_old_token(self, sandbox, account, now):
        old = account.access_token  # issued a moment ago: too young

        async_to_sync(renewal.renew_if_due)(account, now=now)

        account.refresh_from_db()
        assert account.access_token == old

    def test_a_pages_token_is_never_renewed(self, page, now):
        assert renewal.is_due(page, now=now) is False


class TestListDue:
    def test_is_a_day_after_the_last_look_or_the_connecting(self, page, owner, now):
        Page.objects.update(checked_at=now - timedelta(hours=23))
        day = now - timedelta(days=1)
        made = {"organization": owner.organization}
        PageFactory(**made, connected_at=now)
        never = PageFactory(**made, connected_at=day)
        old = PageFactory(**made, connected_at=now, checked_at=now - timedelta(days=2))
        PageFactory(**made, connected_at=day, state="forgotten")
        PageFactory(**made, connected_at=day, access_token="")

        assert checkup.list_due(now=now) == [old, never]
