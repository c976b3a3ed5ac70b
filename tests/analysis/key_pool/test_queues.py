import pytest

from hirocrm.analysis.key_pool.queues import Lease
from tests.analysis.key_pool.slices import one_request


@pytest.mark.parametrize(
    ("sent", "slot"), [(None, 4003), (50.1, 4001), (50.75, 4003), (50.8, 4004), (52.0, 4008)]
)
def test_a_request_is_booked_when_it_was_sent(sent: float | None, slot: int) -> None:
    taken = one_request(slot=4003, issued_at=1000.0)

    assert Lease(taken, issued=50.0, sent=sent).slot_when_sent == slot
