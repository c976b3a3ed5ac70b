"""Each route of the OpenAPI document, seen by nobody, by a stranger, by a weak role and by a narrow token."""

from typing import NamedTuple

import pytest

from hirocrm.api.app import api as application
from tests.api.client import ApiClient
from tests.api.world import build_world

pytestmark = pytest.mark.django_db


class Route(NamedTuple):
    path: str
    method: str
    operation_id: str


ROUTES = sorted(
    Route(path, method.upper(), operation["operationId"])
    for path, operations in application.get_openapi_schema(path_prefix="/api/")["paths"].items()
    for method, operation in operations.items()
)
WRITES = [route for route in ROUTES if route.method != "GET"]
OPEN_TO_VIEWERS = {
    "create_token",  # for themselves; a token never does more than its member
    "revoke_token",  # answers 404: somebody else's token
    "estimate_analysis",  # only looks
    "preview_retention",  # only looks
}
CONFIGURE_TO_READ = {"list_keys", "list_invitations", "list_unreadable_entries"}
ONLY_LOOK = {"estimate_analysis", "preview_retention"}


@pytest.fixture
def world(owner):
    return build_world(owner)


def each(routes):
    return pytest.mark.parametrize("route", routes, ids=[route.operation_id for route in routes])


class TestEveryRoute:
    @each(ROUTES)
    def test_refuses_who_has_no_token(self, world, route):
        answer = ApiClient(None).send(
            route.method, world.fill(route.path), world.body(route.operation_id)
        )

        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"

    @each([r for r in ROUTES if "{" in r.path])
    def test_hides_what_is_another_organizations(self, world, stranger, client_of, route):
        client = client_of(stranger)

        answer = client.send(route.method, world.fill(route.path), world.body(route.operation_id))

        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"

    @each([r for r in ROUTES if "{" in r.path])
    def test_knows_nothing_under_a_bad_id(self, world, api, route):
        broken = route.path.split("{", maxsplit=1)[0] + "no-such-id"
        if "/" in route.path.split("}", maxsplit=1)[1]:
            broken += route.path.split("}", maxsplit=1)[1]

        answer = api.send(route.method, world.fill(broken), world.body(route.operation_id))

        assert answer.status_code == 404
        assert answer["Content-Type"] == "application/problem+json"

    @each([r for r in WRITES if r.operation_id not in OPEN_TO_VIEWERS])
    def test_refuses_a_viewer_who_would_write(self, world, viewer, client_of, route):
        answer = client_of(viewer).send(
            route.method, world.fill(route.path), world.body(route.operation_id)
        )

        assert (answer.status_code, answer.json()["code"]) == (403, "role_too_weak")

    @each([r for r in WRITES if r.operation_id not in ONLY_LOOK])
    def test_refuses_a_reading_token_that_would_write(self, world, owner, client_of, route):
        client = client_of(owner, "read")

        answer = client.send(route.method, world.fill(route.path), world.body(route.operation_id))

        assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")

    @each([r for r in ROUTES if r.method == "GET" and r.operation_id not in CONFIGURE_TO_READ])
    def test_lets_a_viewer_read(self, world, viewer, client_of, route):
        answer = client_of(viewer, "read").send(route.method, world.fill(route.path))

        assert answer.status_code == 200
