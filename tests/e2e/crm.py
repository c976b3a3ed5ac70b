"""HiroCRM as a program that calls its API sees it."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx2

T = TypeVar("T")
Json = dict[str, Any]

PATIENCE_SECONDS = 120.0  # the machine may be busy; nothing here measures time
LOOK_EVERY_SECONDS = 0.1


def eventually(look: Callable[[], T], what: str, *, patience: float = PATIENCE_SECONDS) -> T:
    """The first true answer of `look`."""
    deadline = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < deadline, f"In {patience:.0f} s it never happened: {what}"
        time.sleep(LOOK_EVERY_SECONDS)
    return found


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, headers and JSON of an answer."""

    status: int
    body: Any
    headers: httpx2.Headers


class Crm:
    """The API at `url` for one token."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._token = token
        self._http = httpx2.Client(
            base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=150
        )

    def close(self) -> None:
        self._http.close()

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        """One request, whatever the answer."""
        if body is not None:
            options["json"] = body
        answer = self._http.request(method, f"/api{path}", **options)
        is_json = "json" in answer.headers.get("content-type", "")
        return Reply(answer.status_code, answer.json() if is_json else answer.text, answer.headers)

    def get(self, path: str, **params: Any) -> Any:
        return self._well(self.ask("GET", path, params=params))

    def post(self, path: str, body: Any = None, **options: Any) -> Any:
        return self._well(self.ask("POST", path, body, **options))

    def patch(self, path: str, body: Any) -> Any:
        return self._well(self.ask("PATCH", path, body))

    def put(self, path: str, body: Any) -> Any:
        return self._well(self.ask("PUT", path, body))

    @staticmethod
    def _well(reply: Reply) -> Any:
        assert reply.status < 400, f"{reply.status}: {reply.body}"
        return reply.body

    def all(self, path: str, **params: Any) -> list[Json]:
        """Every item of a list, page by page."""
        found: list[Json] = []
        cursor: str | None = None
        while True:
            page = self.get(path, limit=200, **params, **({"cursor": cursor} if cursor else {}))
            found += page["items"]
            cursor = page["nextCursor"]
            if cursor is None:
                return found

    # Words of the scenarios

    def connect(self, page_id: str, token: str, **more: Any) -> Json:
        body = {"pageId": page_id, "pageName": "Shop", "pageAccessToken": token, **more}
        return dict(self.post("/facebook-pages", body))

    def start_sync(self, page_id: str, **body: Any) -> Json:
        return dict(self.post(f"/facebook-pages/{page_id}/sync", body or None))

    def sync(self, page_id: str, **body: Any) -> Json:
        """A sync to its end; the run."""
        return self.ended(self.start_sync(page_id, **body)["runId"])

    def run(self, run_id: str) -> Json:
        return dict(self.get(f"/sync-runs/{run_id}"))

    def ended(self, run_id: str, *, patience: float = PATIENCE_SECONDS) -> Json:
        """The run, once it has ended."""

        def look() -> Json | None:
            run = self.run(run_id)
            return run if run["finishedAt"] else None

        return eventually(look, f"the end of run {run_id}", patience=patience)

    def contacts(self, page_id: str, **params: Any) -> list[Json]:
        return self.all("/contacts", pageId=page_id, **params)

    def contact(self, contact_id: str) -> Json:
        return dict(self.get(f"/contacts/{contact_id}"))

    def activities(self, contact_id: str) -> list[Json]:
        return self.all(f"/contacts/{contact_id}/activities")

    def messages(self, contact_id: str) -> list[Json]:
        return self.all(f"/contacts/{contact_id}/messages")

    def analyses(self, contact_id: str) -> list[Json]:
        return self.all(f"/contacts/{contact_id}/analyses")

    def default_pipeline(self) -> Json:
        """The pipeline that every organization starts with."""
        return self.all("/pipelines")[0]

    def events(self, path: str) -> Iterator[tuple[str, Json]]:
        """Server-sent events until the stream ends: (name, data)."""
        name = ""
        with self._http.stream("GET", f"/api{path}") as answer:
            assert answer.status_code == 200
            for line in answer.iter_lines():
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    yield name, json.loads(line[6:])
