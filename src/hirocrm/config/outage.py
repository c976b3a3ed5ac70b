"""What a visitor sees while the database is away: 503 and when to come back, never a bare 500."""

import sys

import psycopg_pool
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from hirocrm.web import errors

RETRY_SECONDS = 5
_DETAIL = "The database can't be reached right now. Try again in a few seconds."
_OUTAGES = (OperationalError, InterfaceError, psycopg_pool.PoolTimeout)


def answer_failure(request: HttpRequest) -> HttpResponse:
    """Django's handler500, called while the exception is being handled.

    It also sees what fails outside any view (the session's middleware reads the database first).
    """
    if not isinstance(sys.exc_info()[1], _OUTAGES):
        return errors.server_error(request)
    return unavailable(request)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 as problem+json for programs, as a page for browsers."""
    if "text/html" in request.headers.get("Accept", ""):
        answer = errors.unavailable(request)
    else:
        answer = HttpResponse(_PROBLEM, status=503, content_type="application/problem+json")
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    answer.headers["Cache-Control"] = "no-store"
    return answer


_PROBLEM = (
    '{"type": "urn:hirocrm:problem:database_unavailable", "title": "Service Unavailable", '
    f'"status": 503, "detail": "{_DETAIL}", "code": "database_unavailable"}}'
)
