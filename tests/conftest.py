"""Who acts in most tests: an owner, an agent and a viewer of one organization, and a stranger.

Pytest reads this file before Django is set up, so nothing of Django's may be imported at the top.
"""

import logging
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests import postgres, schedule

if TYPE_CHECKING:
    from hirocrm.organizations.models import Member


def _member(**fields: object) -> "Member":
    from tests.factories import MemberFactory

    return MemberFactory(**fields)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> schedule.ByFileOrTest:
    """Hand tests out our way, whatever `--dist` says."""
    return schedule.ByFileOrTest(config, log)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give schemathesis's tests ids of their own: pytest 9.2 makes one id of a function's for all its operations."""
    label = getattr(item, "operation_label", None)
    if label is not None:
        item._id = item.id.with_params(label)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that both workers end together; by chance within each kind."""
    schedule.refuse_twins([item.nodeid for item in items])
    items.sort(key=schedule.turn)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """Make the tests' databases by copying one that is migrated."""
    from django.db import connections

    if postgres.has_template():
        connections["default"].settings_dict["TEST"]["TEMPLATE"] = postgres.TEMPLATE_DATABASE


@pytest.fixture(scope="session", autouse=True)
def _reads_every_log_line() -> Iterator[None]:
    """Listen to the whole session; what its last processes said is looked at when it ends."""
    from tests.log_guard import Listener, guard, product_formatter

    listener = Listener(guard, product_formatter())
    logging.getLogger().addHandler(listener)
    logging.getLogger("hirocrm").setLevel(logging.DEBUG)
    guard.watch(Path(os.environ["HIROCRM_DATA_DIR"]) / "postgres" / "postgres.log")
    yield
    logging.getLogger().removeHandler(listener)
    assert guard.leaks() == []


@pytest.fixture(autouse=True)
def _logs_hold_no_secret(_reads_every_log_line: None) -> Iterator[None]:
    """Fail the test in which a token, a secret or a customer's word came into a log."""
    from tests.log_guard import guard

    yield
    assert guard.leaks() == []


@pytest.fixture(autouse=True)
def _leaves_no_jobs(request: pytest.FixtureRequest) -> Iterator[None]:
    """Take the jobs away that a test committed: what flushes its rows knows nothing of the queue's."""
    yield
    marker = request.node.get_closest_marker("django_db")
    if marker is not None and marker.kwargs.get("transaction"):
        import psycopg
        from django.db import connection

        # Not by Django, which refuses while a browser's event loop runs.
        url = urlsplit(os.environ["DATABASE_URL"])._replace(
            path=f"/{connection.settings_dict['NAME']}"
        )
        with psycopg.connect(url.geturl()) as database:
            database.execute("DELETE FROM procrastinate_jobs")


@pytest.fixture
def now() -> datetime:
    """The moment at which tests happen."""
    return datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def owner(db: None) -> "Member":
    """Owns the organization."""
    return _member(role="owner")


@pytest.fixture
def admin(owner: "Member") -> "Member":
    """Runs the organization, but can't make owners."""
    return _member(organization=owner.organization, role="admin")


@pytest.fixture
def agent(owner: "Member") -> "Member":
    """Works with contacts in the owner's organization."""
    return _member(organization=owner.organization, role="agent")


@pytest.fixture
def viewer(owner: "Member") -> "Member":
    """May only look."""
    return _member(organization=owner.organization, role="viewer")


@pytest.fixture
def stranger(db: None) -> "Member":
    """Owns another organization."""
    return _member(role="owner")
