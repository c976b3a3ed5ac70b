"""Mutated payloads: nothing breaks the taker, and a neighbour is never lost."""

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hirocrm.contacts.models import Message
from hirocrm.meta.models import WebhookDelivery
from hirocrm.meta.webhooks.payloads import read_delivery
from tests.sync.webhooks.payloads import PAGE, encode, page_body, text
from tests.sync.webhooks.test_order import STORY

pytestmark = pytest.mark.django_db

ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20),
    st.just([]), st.just({}), st.just("\x00"), st.just("\ud800"), st.just("9" * 600), st.just(10**30),
    st.lists(st.integers(), max_size=2), st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
)  # fmt: skip


def paths(value: Any, before: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every part of a JSON value."""
    found = [before] if before else []
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()  # fmt: skip
    for key, child in children:
        found += paths(child, (*before, key))
    return found


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A delivery of the story with one to three of its parts replaced, removed or doubled."""
    body = json.loads(json.dumps(draw(st.sampled_from(STORY))))
    for _ in range(draw(st.integers(1, 3))):
        ways = paths(body)
        if not ways:
            break
        *way, last = draw(st.sampled_from(ways))
        parent = body
        for step in way:
            parent = parent[step]
        action = draw(st.sampled_from(["replace", "remove", "double"]))
        if action == "replace":
            parent[last] = deepcopy(draw(ODD))  # what is drawn is one object for all examples
        elif action == "remove":
            del parent[last]
        elif isinstance(parent, list):
            parent.append(parent[last])
        else:
            parent[f"{last}x"] = parent[last]
    return body


class TestReadDelivery:
    @given(body=mutated())
    @settings(max_examples=500, deadline=None)
    def test_never_raises(self, body):
        read_delivery(json.dumps(body).encode())

    @given(body=st.binary(max_size=200))
    @settings(max_examples=200, deadline=None)
    def test_never_raises_over_bytes(self, body):
        read_delivery(body)

    @given(body=st.recursive(ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["object", "entry", "id", "messaging", "message", "mid", "text", "sender", "standby", "changes", "field", "value"]), inner, max_size=4)))  # fmt: skip
    @settings(max_examples=300, deadline=None)
    def test_never_raises_over_any_json(self, body):
        read_delivery(json.dumps(body).encode())


class TestTakeDeliveries:
    @given(bodies=st.lists(mutated(), min_size=1, max_size=4))
    @settings(
        max_examples=60,
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    def test_loses_no_neighbour(self, page, deliver, bodies):
        WebhookDelivery.objects.all().delete()
        Message.objects.filter(remote_id__startswith="m_neighbour").delete()
        told: list[Any] = []
        expected: set[str] = set()
        for number, body in enumerate(bodies):
            beside, inside = f"m_neighbour{number}", f"m_neighbour_in{number}"
            told += [body, page_body(text(beside, "beside"))]
            expected.add(beside)
            if isinstance(body, dict) and isinstance(body.get("entry"), list):
                body["entry"].append({"id": PAGE, "messaging": [text(inside, "inside")]})
                body["object"] = "page"
                expected.add(inside)

        rows = deliver(*[encode(body) for body in told])

        found = Message.objects.filter(page=page, remote_id__in=expected)
        assert set(found.values_list("remote_id", flat=True)) == expected
        assert all(row.handled_at is not None for row in rows)
