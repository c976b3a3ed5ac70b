"""What each of Meta's errors means for the connection it happened on."""

from datetime import UTC, datetime, timedelta

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from hirocrm.meta import health
from hirocrm.meta.graph import errors
from hirocrm.meta.graph.error_table import RULES, classify
from hirocrm.meta.graph.errors import Refusal
from hirocrm.meta.models import ConnectionState, Page
from hirocrm.organizations.models import AuditEntry
from tests.factories import PageFactory

HEALTHY, LIMITED = ConnectionState.HEALTHY, ConnectionState.LIMITED
PERMISSION, RECONNECT = ConnectionState.NEEDS_PERMISSION, ConnectionState.NEEDS_RECONNECT

# By hand, so that a row of the table that changes its class is noticed here.
WAITS = {(4, None), (9, None), (17, None), (32, None), (341, None), (368, None), (613, None), (613, 1996),
         (10, 1893063)}  # fmt: skip
PERMISSIONS = {(3, None), (10, None), (10, 2534077), (100, 2534013), (200, None), (200, 2534041), (230, None),
               (36103, None)}  # fmt: skip
DEAD = {(code, sub) for code in (102, 190) for sub in (None, 458, 459, 460, 463, 464, 467, 492)}
EXTRA = {(80001, None): LIMITED, (80002, None): LIMITED, (80006, None): LIMITED, (80014, None): LIMITED,
         (210, None): PERMISSION, (190, 999): RECONNECT, (17, 2446079): LIMITED, (12345, None): None}  # fmt: skip


def expected(code: int, subcode: int | None) -> ConnectionState | None:
    if (code, subcode) in WAITS:
        return LIMITED
    if (code, subcode) in PERMISSIONS:
        return PERMISSION
    if subcode == 458 and (code, subcode) in DEAD:
        return ConnectionState.REMOVED
    return RECONNECT if (code, subcode) in DEAD else None


CASES = [(code, sub, expected(code, sub)) for code, sub in RULES] + [
    (code, sub, state) for (code, sub), state in EXTRA.items()
]


def refusal(code: int, subcode: int | None = None, **more) -> errors.GraphError:
    return classify(code=code, subcode=subcode, refusal=Refusal(), **more)


@pytest.fixture
def page(owner) -> Page:
    return PageFactory(
        organization=owner.organization, connected_at=datetime(2026, 2, 1, tzinfo=UTC)
    )


def checks() -> int:
    return ProcrastinateJob.objects.filter(task_name="meta.check_page", status="todo").count()


class TestStateAfter:
    @pytest.mark.parametrize(("code", "subcode", "state"), CASES)
    def test_every_code_of_the_table_means_one_thing(self, code, subcode, state):
        assert health.state_after(refusal(code, subcode)) is state

    @pytest.mark.parametrize(
        "fault",
        [errors.GraphUnavailable("x"), errors.GraphTimeout("x"), errors.GraphMalformed("x")],
    )
    def test_a_passing_fault_means_nothing(self, fault):
        assert health.state_after(fault) is None

    def test_an_error_without_a_code_means_nothing(self):
        assert health.state_after(classify(code=None, subcode=None, refusal=Refusal())) is None

    def test_our_own_pause_is_a_limit(self):
        assert health.state_after(errors.GraphUsageHigh("x")) is LIMITED


class TestNoteTrouble:
    @pytest.mark.parametrize(
        ("before", "code", "after"),
        [
            (HEALTHY, 4, LIMITED),
            (HEALTHY, 10, PERMISSION),
            (HEALTHY, 190, RECONNECT),
            (LIMITED, 10, PERMISSION),
            (LIMITED, 190, RECONNECT),
            (PERMISSION, 4, PERMISSION),
            (PERMISSION, 190, RECONNECT),
            (RECONNECT, 4, RECONNECT),
            (RECONNECT, 10, RECONNECT),
            (HEALTHY, 100, HEALTHY),
            (RECONNECT, 2, RECONNECT),
            (ConnectionState.FORGOTTEN, 190, ConnectionState.FORGOTTEN),
            (ConnectionState.IMPORTED, 4, ConnectionState.IMPORTED),
        ],
    )
    def test_never_hides_a_graver_state(self, page, now, before, code, after):
        page.state = before
        page.save()

        health.note_trouble(page=page, error=refusal(code), now=now)

        page.refresh_from_db()
        assert page.state == after

    def test_keeps_the_sentence_and_the_time(self, page, now):
        health.note_trouble(page=page, error=refusal(4, retry_after_seconds=300), now=now)

        page.refresh_from_db()
        assert page.limited_until == now + timedelta(minutes=5)
        assert page.state_reason.startswith("Meta allows no more calls for now.")
        assert checks() == 0

    def test_has_a_dead_token_looked_into_once(self, page, now):
        health.note_trouble(page=page, error=refusal(190, 460), now=now)
        health.note_trouble(page=page, error=refusal(190, 460), now=now)

        page.refresh_from_db()
        assert "password" in page.state_reason
        assert page.limited_until is None
        assert checks() == 1
        entry = AuditEntry.objects.get(action="page.state_changed")
        assert (entry.user_id, entry.details["to"]) == (None, "needs_reconnect")

    def test_an_app_that_was_removed_at_meta_is_the_gravest(self, page, now):
        health.note_trouble(page=page, error=refusal(190, 458), now=now)
        health.note_trouble(page=page, error=refusal(190), now=now)

        page.refresh_from_db()
        assert page.state == ConnectionState.REMOVED
        assert page.state_reason.startswith("The person who connected this Page removed the app.")
        assert checks() == 1

    def test_a_refusal_of_the_old_token_changes_nothing_after_a_reconnect(self, page, now):
        as_it_was = Page.objects.get(pk=page.pk)
        page.connected_at = now
        page.save()

        health.note_trouble(page=as_it_was, error=refusal(190), now=now)

        page.refresh_from_db()
        assert (page.state, checks()) == (HEALTHY, 0)


class TestNoteSuccess:
    def test_ends_a_pause(self, page, now):
        health.note_trouble(page=page, error=refusal(4), now=now)

        health.note_success(page=page, now=now + timedelta(minutes=1))

        page.refresh_from_db()
        assert (page.state, page.state_reason, page.limited_until) == (HEALTHY, "", None)

    def test_ends_no_pause_before_its_time(self, page, now):
        health.note_trouble(page=page, error=refusal(368), now=now)

        health.note_success(page=page, now=now + timedelta(hours=5))

        page.refresh_from_db()
        assert (page.state, page.limited_until) == (LIMITED, now + timedelta(hours=6))

    def test_has_a_missing_permission_looked_into_anew(self, page, now):
        page.state = PERMISSION
        page.save()

        health.note_success(page=page, now=now)

        page.refresh_from_db()
        assert (page.state, checks()) == (PERMISSION, 1)


class TestPauses:
    def test_of_two_the_longer_one_holds(self, page, now):
        health.note_trouble(page=page, error=refusal(368), now=now)

        health.note_trouble(page=page, error=refusal(4), now=now)

        page.refresh_from_db()
        assert page.limited_until == now + timedelta(hours=6)
        assert page.state_reason.startswith("Meta has restricted this account")

    def test_are_over_when_their_time_is(self, page, now):
        page.state, page.limited_until = LIMITED, now + timedelta(minutes=5)

        assert health.state_at(page, now + timedelta(minutes=4)) is LIMITED
        assert health.state_at(page, now + timedelta(minutes=5)) is HEALTHY

    def test_that_are_over_are_ended_and_told(self, page, owner, now):
        until = {"state": LIMITED, "state_reason": "Wait."}
        Page.objects.filter(pk=page.pk).update(**until, limited_until=now)
        longer = PageFactory(
            organization=owner.organization, **until, limited_until=now + timedelta(seconds=1)
        )

        assert health.end_pauses(now=now) == 1

        page.refresh_from_db()
        longer.refresh_from_db()
        assert (page.state, page.state_reason, page.limited_until) == (HEALTHY, "", None)
        assert longer.state == LIMITED
