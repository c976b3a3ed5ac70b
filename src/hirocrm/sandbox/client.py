"""Python words for the control API: methods that tell a story, over real HTTP.

Every method that makes something go wrong returns the fault's id; `control.ends(id)` or
`graph.recovers()` makes it right again. `times=None` means until then.
"""

import json
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode, urlsplit


class ControlError(Exception):
    """The sandbox refused a control call; the sentence says why."""


class Control:
    """The control API at `url` (the sandbox's base URL). `graph` and `gemini` hold the stories."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._address = parts.hostname or "127.0.0.1", parts.port or 80
        self.graph = GraphStory(self)
        self.gemini = ModelStory(self, "gemini")
        self.openai = ModelStory(self, "openai")
        self.anthropic = ModelStory(self, "anthropic")

    def ask(self, method: str, name: str, body: Any = None, **query: Any) -> Any:
        """One control call; its result.

        Raises:
            ControlError: refused.
        """
        connection = HTTPConnection(*self._address, timeout=30)
        try:
            given = {k: v for k, v in query.items() if v not in {None, ""}}
            path = f"/_control/{quote(name)}" + (f"?{urlencode(given)}" if given else "")
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"content-type": "application/json"})
            answer = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if "error" in answer:
            raise ControlError(answer["error"])
        return answer.get("result", answer)

    def fault(
        self, service: str, kind: str, *, times: int | None = None, after: int = 0, per: str = "",
        match: dict[str, Any] | None = None, **params: Any,
    ) -> int:  # fmt: skip
        """Put a fault in force; its id. See `hirocrm.sandbox.faults.Fault`."""
        body = {
            "service": service, "kind": kind, "times": times, "after": after, "per": per,
            "match": {k: v for k, v in (match or {}).items() if v}, "params": params,
        }  # fmt: skip
        return int(self.ask("POST", "faults", body)["id"])

    def ends(self, fault_id: int) -> None:
        """End one fault."""
        self.ask("DELETE", f"faults/{fault_id}")

    def faults(self) -> list[dict[str, Any]]:
        """Faults in force, with how often each struck."""
        found: list[dict[str, Any]] = self.ask("GET", "faults")
        return found

    def reset(self, *, data: bool = False) -> None:
        """End all faults, quotas and delays, forget all calls; with `data`, all Pages and tokens too."""
        self.ask("POST", "reset", {"data": data})

    def latency(self, **milliseconds: float) -> None:
        """Delay every answer of a service: `latency(graph=300, gemini=500)`."""
        self.ask("POST", "latency", milliseconds)

    def state(self) -> dict[str, Any]:
        """Pages with their tokens, the app, delays, faults, settings."""
        found: dict[str, Any] = self.ask("GET", "state")
        return found

    def calls(self, *, service: str = "", op: str = "", limit: int = 1000) -> list[dict[str, Any]]:
        """The newest calls, oldest first."""
        found: list[dict[str, Any]] = self.ask("GET", "calls", service=service, op=op, limit=limit)
        return found

    def counters(self) -> dict[str, Any]:
        """Counts by op and status, the most calls in flight at once, prompts answered and repeated."""
        found: dict[str, Any] = self.ask("GET", "counters")
        return found

    def count(self, op: str) -> int:
        """How many calls of an op, such as "graph.conversations" or "gemini.generate"."""
        return int(self.counters()["ops"].get(op, 0))

    def repeated_prompts(self) -> int:
        """How many answers were given for a conversation that already had one, word for word."""
        return int(self.counters()["prompts"]["repeats"])


class GraphStory:
    """What happens at Meta."""

    def __init__(self, control: Control) -> None:
        self._control = control

    def _fault(self, kind: str, page: str, match: dict[str, Any] | None, **values: Any) -> int:
        return self._control.fault("graph", kind, match={"page": page, **(match or {})}, **values)

    # Pages, conversations, messages

    def add_page(self, page_id: str, name: str = "Test Page", **more: Any) -> str:
        """Add a Page (`instagram_id`, `instagram_username`, `token`, …); its access token."""
        body = {"id": page_id, "name": name, **more}
        return str(self._control.ask("POST", "graph/pages", body)["token"])

    def add_conversations(self, page_id: str, rows: list[dict[str, Any]]) -> list[str]:
        """Add conversations (see `samples` for a row's fields); their customers' ids."""
        body = {"page_id": page_id, "rows": rows}
        return list(self._control.ask("POST", "graph/conversations", body)["customer_ids"])

    def add_synthetic(self, page_id: str, count: int, **more: Any) -> None:
        """Add made-up conversations: `platform`, `messages`, `newest_ago_ms`, `step_ms`."""
        self._control.ask("POST", "graph/synthetic", {"page_id": page_id, "count": count, **more})

    def load(self, page_id: str, path: str) -> int:
        """Add a JSONL file's conversations; how many."""
        body = {"page_id": page_id, "path": str(path)}
        return int(self._control.ask("POST", "graph/load", body)["count"])

    def customer_writes(self, page_id: str, customer_id: str, text: str = "", **more: Any) -> str:
        """A customer writes now (`attachment`, `webhook=False`): the message's id."""
        body = {"page_id": page_id, "customer_id": customer_id, "text": text, **more}
        return str(self._control.ask("POST", "graph/messages", body)["message_id"])

    def page_writes(self, page_id: str, customer_id: str, text: str, **more: Any) -> str:
        """Someone answers from the Page's own inbox: the message's id."""
        return self.customer_writes(page_id, customer_id, text, **{"from": "business"}, **more)

    def sent(self) -> list[dict[str, Any]]:
        """Messages sent through the API."""
        found: list[dict[str, Any]] = self._control.ask("GET", "graph/sent")
        return found

    # tokens

    def issue_token(self, page_id: str, value: str = "", **more: Any) -> str:
        """A new living token of a Page, as after reconnecting (`kind="INSTAGRAM"`, `scopes`, `issued_at`)."""
        body = {"page_id": page_id, "action": "issue", "value": value, **more}
        return str(self._control.ask("POST", "graph/tokens", body)["token"])

    def kills_token(self, page_id: str, subcode: int | None = 463) -> None:
        """All tokens of the Page die now, with this subcode of error 190."""
        self._control.ask(
            "POST", "graph/tokens", {"page_id": page_id, "action": "kill", "subcode": subcode}
        )

    def token_dies_after(self, page_id: str, conversations: int, subcode: int | None = 463) -> None:
        """The Page's tokens die once this many conversations were listed: the next listing gets 190."""
        body = {"page_id": page_id, "action": "die", "after": conversations, "subcode": subcode}
        self._control.ask("POST", "graph/tokens", body)

    def issue_user_token(self, **more: Any) -> str:
        """A person's token: `page_ids`, `scopes`, `value`."""
        return str(self._control.ask("POST", "graph/user_tokens", more)["token"])

    # errors

    def refuses(
        self, page_id: str = "", code: int = 190, *, subcode: int | None = None,
        match: dict[str, Any] | None = None, **values: Any,
    ) -> int:  # fmt: skip
        """Calls for the Page ("": any) get this error; `times`, `after`, `status`, `message`."""
        return self._fault("error", page_id, match, code=code, subcode=subcode, **values)

    def rate_limits(
        self, page_id: str = "", code: int = 32, *, times: int | None = 1, regain_minutes: float = 1,
        headers: bool = True, match: dict[str, Any] | None = None, **values: Any,
    ) -> int:  # fmt: skip
        """The next calls get a rate-limit code (4, 17, 32, 613, 80001-80014) with its headers.

        `retry_after` (seconds) adds that header; Meta's usage headers know minutes only.
        """
        values |= {"regain_minutes": regain_minutes, "headers": headers}
        return self._fault("error", page_id, match, code=code, times=times, **values)

    def usage(self, account: str, **figures: Any) -> None:
        """Usage headers from now on: account is a Page id, or "app"; `call_count`, `regain_minutes`, `type`."""
        usage = self._control.state()["graph"]["usage"]
        self.settings(usage={**usage, account: figures})

    def breaks(
        self, kind: str, page_id: str = "", *, match: dict[str, Any] | None = None, **values: Any
    ) -> int:
        """Calls suffer a kind: html_502, reset, hang, half, broken_json, empty_body, slow (ms),
        status (status, body), looping_cursor, foreign_next (host), empty_page, missing_fields
        (fields), reduce_data (max_limit).
        """
        return self._fault(kind, page_id, match, **values)

    def recovers(self) -> None:
        """All of Graph's faults end. Tokens that died stay dead."""
        self._control.ask("DELETE", "faults", service="graph")

    def settings(self, **values: Any) -> None:
        """Change `GraphSettings`, or the app's `app_id`, `app_secret`, `requires_proof`."""
        self._control.ask("POST", "graph/settings", values)

    # webhooks

    def posts_webhook(self, event: dict[str, Any] | str, *, signed: bool = True) -> None:
        """Deliver an event (or a raw body) to the webhook address."""
        key = "raw" if isinstance(event, str) else "event"
        self._control.ask("POST", "graph/webhook", {key: event, "signed": signed})

    def deliveries(self) -> list[dict[str, Any]]:
        """Webhooks delivered: body, and the status of the answer (0: none)."""
        found: list[dict[str, Any]] = self._control.ask("GET", "graph/deliveries")
        return found


class ModelStory:
    """What happens at an AI vendor. The first method is for all three, the quota for Gemini only."""

    def __init__(self, control: Control, service: str) -> None:
        self._control = control
        self._service = service

    def answers_with(
        self, kind: str, *, key: str = "", model: str = "", times: int | None = None, **values: Any
    ) -> int:
        """Calls get a kind. Errors: quota (period minute|day|both|none, retry_seconds, value,
        retry_after), limit_zero, prepayment, exhausted, key_invalid, key_expired, unauthenticated,
        leaked, forbidden, billing_required, retired, overloaded, internal, deadline, too_large,
        list_wrapped, thinking_refused (levels). Odd answers: blocked (reason), safety (reason),
        max_tokens (partial), empty_text, invalid_json, wrong_shape, fenced, text (text), finish
        (reason), no_usage. On the wire: slow (ms), reset, hang, half, html_502, broken_json, status.
        `per="prompt"` counts `times` for each conversation by itself: invalid, then valid.
        """
        match = {"key": key, "model": model}
        return self._control.fault(self._service, kind, match=match, times=times, **values)

    def refuses_key(self, key: str) -> int:
        """A key is not valid (400 API_KEY_INVALID)."""
        return self.answers_with("key_invalid", key=key)

    def retires(self, model: str, *, key: str = "") -> int:
        """A model is gone (404), for everyone or for one key."""
        return self.answers_with("retired", model=model, key=key)

    def limits(
        self, *, rpm: int = 0, tpm: int = 0, rpd: int = 0, project: str = "", model: str = ""
    ) -> None:
        """Quota by project and model ("": every); a key is its own project unless grouped."""
        body = {"rpm": rpm, "tpm": tpm, "rpd": rpd, "project": project, "model": model}
        self._control.ask("POST", "gemini/quota", body)

    def accepts(self, keys: list[str] | None) -> None:
        """Only these keys are valid (None: any)."""
        self._control.ask("POST", "gemini/settings", {"keys": keys})

    def groups(self, projects: dict[str, str]) -> None:
        """Put keys into projects: {key: project}."""
        self._control.ask("POST", "gemini/settings", {"projects": projects})

    def quota_use(self) -> dict[str, Any]:
        """Use of each project and model, and refusals by project."""
        found: dict[str, Any] = self._control.ask("GET", "gemini/quota")
        return found

    def keys(self) -> dict[str, dict[str, Any]]:
        """By a key's last six characters: calls, rejected (429), statuses, models, times."""
        found: dict[str, dict[str, Any]] = self._control.ask("GET", "keys", service=self._service)
        return found

    def key(self, key: str) -> dict[str, Any]:
        """What one key went through; zeros when it was never used."""
        nothing = {"calls": 0, "rejected": 0, "statuses": {}, "models": {}, "times": []}
        return self.keys().get(key[-6:], nothing)

    def recovers(self) -> None:
        """All of this vendor's faults end."""
        self._control.ask("DELETE", "faults", service=self._service)
