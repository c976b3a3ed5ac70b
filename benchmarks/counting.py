"""How many SQL statements requests take: `python -m benchmarks.counting EMAIL < requests.json`.

The requests go through all of Django, middleware included, on the database of the install that the environment
names; one line of JSON with the counts comes out.
"""

import json
import sys
from typing import Any

from hirocrm.cli.connection import django_on_database


def main() -> None:
    """Count for each request read from standard input."""
    with django_on_database():
        print(json.dumps(count(sys.argv[1], json.load(sys.stdin))))


def count(email: str, requests: list[dict[str, Any]]) -> list[int]:
    """Statements of each request, transaction control aside.

    Raises:
        SystemExit: a request was refused.
    """
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from hirocrm.organizations.models import User

    client = Client(HTTP_HOST="127.0.0.1")
    client.force_login(User.objects.get(email=email))
    found = []
    for request in requests:
        with CaptureQueriesContext(connection) as queries:
            answer = client.generic(
                request["method"],
                request["path"],
                request.get("body", ""),
                "application/x-www-form-urlencoded",
                headers=request.get("headers", {}),
            )
        if answer.status_code >= 400:
            raise SystemExit(f"{request['path']}: {answer.status_code}")
        found.append(sum(not _is_control(query["sql"]) for query in queries.captured_queries))
    return found


def _is_control(sql: str) -> bool:
    return sql.split(maxsplit=1)[0] in {"BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE"}


if __name__ == "__main__":
    main()
