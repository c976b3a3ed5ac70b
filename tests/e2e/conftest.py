"""One stack for a module's tests; each test has a Page of its own."""

from collections.abc import Callable, Iterator

import pytest

from tests.e2e.shop import Shop
from tests.e2e.stack import Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Web server and worker of the module."""
    with Stack(tmp_path_factory.mktemp("stack")) as running:
        yield running


@pytest.fixture
def open_shop(stack: Stack) -> Iterator[Callable[..., Shop]]:
    """Connect a new Page; all faults are over and all calls forgotten, before and after."""
    stack.sandbox.control.reset()

    def open_(**options: bool) -> Shop:
        return Shop(stack.sandbox.graph, stack.crm, **options)

    yield open_
    stack.sandbox.control.reset()
