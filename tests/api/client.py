"""A client for tests: JSON in, JSON out, one token."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.test import Client

from hirocrm.organizations import services
from hirocrm.organizations.models import Member


class ApiClient:
    """Django's test client with a bearer token and JSON bodies."""

    def __init__(self, token: str | None) -> None:
        self.http = Client(raise_request_exception=False)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    @classmethod
    def of(cls, member: Member, scopes: Iterable[str], now: datetime) -> "ApiClient":
        """A client with a fresh token of the member."""
        _, plain = services.create_api_token(
            member=Member.objects.get(id=member.id), name="test", scopes=list(scopes), now=now
        )
        return cls(plain)

    def send(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
    ) -> Any:
        """The response to a request."""
        data = (
            body if isinstance(body, bytes | str) else json.dumps(body) if body is not None else ""
        )
        return self.http.generic(
            method,
            path,
            data,
            content_type="application/json",
            headers={**self.headers, **(headers or {})},
        )

    def get(self, path: str, **options: Any) -> Any:
        return self.send("GET", path, **options)

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.send("POST", path, body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.send("PATCH", path, body, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.send("PUT", path, body, **options)

    def delete(self, path: str, body: Any = None, **options: Any) -> Any:
        return self.send("DELETE", path, body, **options)
