"""How a log line looks, of ours and of libraries, and what none may hold."""

import logging
import re

import structlog
from django.test import RequestFactory

from tests.log_guard import product_formatter


def _formatted(record: logging.LogRecord) -> str:
    return product_formatter().format(record)


class TestLinesOfLibraries:
    def test_leaves_out_the_address_of_a_request_that_failed(self) -> None:
        request = RequestFactory().get("/connect/facebook/callback?code=AQDoneTimeCode&state=St4te")
        record = logging.makeLogRecord(
            {
                "name": "django.request",
                "msg": "Bad Gateway: %s",
                "args": (request.path,),
                "levelname": "ERROR",
                "levelno": logging.ERROR,
                "status_code": 502,
                "request": request,
            }
        )

        line = _formatted(record)

        assert line.endswith(
            "level='error' event='Bad Gateway: /connect/facebook/callback' status_code=502"
        )
        assert "AQDoneTimeCode" not in line


class TestOwnLines:
    def test_says_when_and_how_grave(self) -> None:
        records: list[logging.LogRecord] = []
        listener = logging.Handler()
        listener.emit = records.append  # type: ignore[method-assign]
        logger = logging.getLogger("hirocrm.tests.own_lines")
        logger.addHandler(listener)

        structlog.get_logger("hirocrm.tests.own_lines").warning("page.read", page_id="7")
        logger.removeHandler(listener)

        assert re.fullmatch(
            r"timestamp='\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z' level='warning' event='page.read'"
            r" page_id='7' logger='hirocrm.tests.own_lines'",
            _formatted(records[0]),
        )
