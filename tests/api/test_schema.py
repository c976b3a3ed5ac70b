"""Random requests made from the document: never a 5xx, never an answer that the document doesn't declare."""

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis import checks

from hirocrm.organizations import services
from tests.api.world import NOW, build_world

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

SCHEMA = schemathesis.openapi.from_wsgi("/api/openapi.json", get_wsgi_application())
ELSEWHERE = [
    "stream_run",  # endless or streamed answers, and those that wait: tests/api/test_pages.py, test_contacts.py
    "export_contacts",
    "sync_page",
    "test_key",  # these ask a vendor or Facebook
    "connect_page",
]
CHECKS = [
    checks.not_a_server_error,
    checks.load_all_checks() or checks.CHECKS.get_one("status_code_conformance"),
    checks.CHECKS.get_one("content_type_conformance"),
    checks.CHECKS.get_one("response_schema_conformance"),
]


@pytest.fixture
def world(owner):
    return build_world(owner)


@pytest.fixture
def token(owner):
    _, plain = services.create_api_token(member=owner, name="fuzz", scopes=["admin"], now=NOW)
    return plain


@pytest.fixture(autouse=True)
def _one_connection():
    """As Django's own test client does: the end of a request must not close the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@SCHEMA.exclude(operation_id=ELSEWHERE).parametrize()
@settings(
    max_examples=8,
    deadline=None,
    derandomize=True,  # a failure must be the change's own, not the day's luck
    phases=[
        Phase.generate
    ],  # with Phase.explicit: every boundary of every field, in five times the time
    suppress_health_check=list(HealthCheck),
)
def test_answers_as_the_document_says(case, world, token):
    case.path_parameters = {
        name: world.path.get(name, value) for name, value in (case.path_parameters or {}).items()
    }
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    response = case.call(headers=headers)
    case.validate_response(response, checks=CHECKS)
