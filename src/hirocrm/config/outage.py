"""What a visitor sees while the database is away, or the disk is full: what it is and what to do, never a bare 500."""

import json
import sys
from http import HTTPStatus
from typing import Any

import psycopg_pool
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse

from hirocrm.core.errors import DATABASE_AWAY, DISK_FULL, is_full_disk
from hirocrm.web import errors
from hirocrm.web.toasts import show_toast

RETRY_SECONDS = 5
_OUTAGES = (OperationalError, InterfaceError, psycopg_pool.PoolTimeout)


def answer_failure(request: HttpRequest) -> HttpResponse:
    """Django's handler500, called while the exception is being handled.

    It also sees what fails outside any view (the session's middleware reads the database first).
    """
    failure = sys.exc_info()[1]
    if isinstance(failure, _OUTAGES):
        return unavailable(request)
    if is_full_disk(failure):
        return out_of_space(request)
    return errors.server_error(request)


def unavailable(request: HttpRequest) -> HttpResponse:
    """503 as problem+json for programs, as a page for browsers."""
    if "text/html" in request.headers.get("Accept", ""):
        answer = errors.unavailable(request)
    else:
        answer = _problem(
            HTTPStatus.SERVICE_UNAVAILABLE, code="database_unavailable", detail=DATABASE_AWAY
        )
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def out_of_space(request: HttpRequest) -> HttpResponse:
    """507, likewise: what is uploaded passes over a disk of this machine before anybody looks at it."""
    if "text/html" in request.headers.get("Accept", ""):
        return errors.out_of_space(request)
    return _full()


async def send_out_of_space(send: Any) -> None:
    """The same where the request hasn't come as far as Django."""
    answer = _full()
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.items()]
    await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": answer.content})


def _full() -> HttpResponse:
    """For programs and for htmx, which shows it as a toast."""
    answer = _problem(HTTPStatus.INSUFFICIENT_STORAGE, code="disk_full", detail=DISK_FULL)
    return show_toast(answer, DISK_FULL, tone="bad")


def _problem(status: HTTPStatus, *, code: str, detail: str) -> HttpResponse:
    content = {
        "type": f"urn:hirocrm:problem:{code}",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "code": code,
    }
    return HttpResponse(json.dumps(content), status=status, content_type="application/problem+json")
