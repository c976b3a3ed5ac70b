"""Which tests run when, and which stay together on one worker of pytest-xdist.

xdist 3.8's own `xdist_group` marks do nothing under pytest 9.2, whose node ids can't be given a suffix.
"""

from collections import Counter
from collections.abc import Iterable

import pytest
from xdist.scheduler import LoadScopeScheduling

# The tests of such a file share processes that take seconds to start: it goes to one worker as a whole.
_ONE_WORKER_A_FILE = ("tests/e2e/", "tests/web/journeys/", "tests/cli/test_beside_up.py")
_SLOW_FIRST = ("browser", "slow")


class ByFileOrTest(LoadScopeScheduling):
    """Gives workers single tests, except for the files that stay whole."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0] if _stays_whole(nodeid) else nodeid


def turn(item: pytest.Item) -> int:
    """Sorts tests so that both workers end together: whole files, the browser, processes, the rest."""
    if _stays_whole(item.nodeid):
        return 0
    kinds = (item.get_closest_marker(kind) is not None for kind in _SLOW_FIRST)
    return next((n for n, is_of_kind in enumerate(kinds, start=1) if is_of_kind), 3)


def refuse_twins(nodeids: Iterable[str]) -> None:
    """Stop where two tests share an id: xdist would run the first of them alone, and say nothing.

    Raises:
        pytest.UsageError: some do; the first few are named.
    """
    twins = [nodeid for nodeid, count in Counter(nodeids).items() if count > 1]
    if twins:
        raise pytest.UsageError(f"{len(twins)} ids belong to several tests: {', '.join(twins[:5])}")


def _stays_whole(nodeid: str) -> bool:
    return nodeid.startswith(_ONE_WORKER_A_FILE)
