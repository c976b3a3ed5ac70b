"""The control API: change and read the sandbox while it runs. All JSON, on the same port.

GET    /_control/state                  pages (with tokens), app, latency, faults, settings
POST   /_control/reset                  {"data"?: true}: faults, log, quotas (and all Pages)
GET    /_control/calls                  ?service=&op=&limit=   the call log, oldest first
GET    /_control/counters               counts by op and status, in-flight maxima, prompts
GET    /_control/keys                   ?service=gemini        what each key went through
GET    /_control/faults                 faults in force, with hits
POST   /_control/faults                 {service, kind, match?, params?, times?, after?, per?} → {"id"}
DELETE /_control/faults[/ID]            ?service=              end one, or all
POST   /_control/latency                {"graph": ms, "gemini": ms, …}
POST   /_control/graph/settings         any of GraphSettings, app_id, app_secret, requires_proof
POST   /_control/graph/pages            {id, name, instagram_id?, …, token?} → {"token"}
POST   /_control/graph/conversations    {page_id, rows: [row, …]} → {"ids", "customer_ids"}
POST   /_control/graph/synthetic        {page_id, platform?, count, messages?, newest_ago_ms?, step_ms?}
POST   /_control/graph/load             {page_id, path}: a JSONL file → {"count"}
POST   /_control/graph/messages         {page_id, customer_id, text?, from?, attachment?, webhook?: true}
POST   /_control/graph/tokens           {page_id, action: issue|kill|die, subcode?, after?, value?, kind?, scopes?}
POST   /_control/graph/user_tokens      {page_ids?, scopes?, value?} → {"token"}
POST   /_control/graph/webhook          {event} or {"raw": "…"}, signed?: post it to webhook_url
GET    /_control/graph/sent             messages sent through the API
GET    /_control/graph/deliveries       webhooks delivered, with the answer's status
POST   /_control/gemini/settings        {keys?, projects?, models?, retired?, tier?}
POST   /_control/gemini/quota           {rpm?, tpm?, rpd?, project?, model?}; DELETE lifts all
GET    /_control/gemini/quota           use and refusals by project
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hirocrm.sandbox import samples
from hirocrm.sandbox.graph.shapes import BUSINESS, CUSTOMER, MESSENGER, Page
from hirocrm.sandbox.graph.tokens import SCOPES
from hirocrm.sandbox.graph.webhooks import encode
from hirocrm.sandbox.graph.world import now_ms
from hirocrm.sandbox.llm.quota import Limits
from hirocrm.sandbox.state import State
from hirocrm.sandbox.wire import Reply, Request, json_reply

Body = dict[str, Any]
Action = Callable[[Body], Any]


class Control:
    """The routes of the control API over one sandbox's state."""

    def __init__(self, sandbox: State) -> None:
        self._sandbox = sandbox
        self._base_url = ""
        self._routes: dict[tuple[str, str], Action] = {
            ("GET", "state"): lambda _: self.state(),
            ("POST", "reset"): self._reset,
            ("GET", "calls"): self._calls,
            ("GET", "counters"): lambda _: sandbox.log.counters(),
            ("GET", "keys"): lambda b: sandbox.log.keys_of(b.get("service", "gemini")),
            ("GET", "faults"): lambda _: sandbox.faults.to_json(),
            ("POST", "faults"): lambda b: sandbox.faults.add(**b).to_json(),
            ("DELETE", "faults"): lambda b: sandbox.faults.clear(b.get("service", "")),
            ("POST", "latency"): self._latency,
            ("POST", "graph/settings"): self._graph_settings,
            ("POST", "graph/pages"): self._add_page,
            ("POST", "graph/conversations"): self._add_conversations,
            ("POST", "graph/synthetic"): self._add_synthetic,
            ("POST", "graph/load"): self._load,
            ("POST", "graph/messages"): self._add_message,
            ("POST", "graph/tokens"): self._page_tokens,
            ("POST", "graph/user_tokens"): self._user_token,
            ("POST", "graph/webhook"): self._webhook,
            ("GET", "graph/sent"): lambda _: sandbox.world.sent,
            ("GET", "graph/deliveries"): lambda _: sandbox.deliveries,
            ("POST", "gemini/settings"): self._gemini_settings,
            ("POST", "gemini/quota"): self._quota,
            ("GET", "gemini/quota"): lambda _: sandbox.gemini.quota.to_json(),
            ("DELETE", "gemini/quota"): lambda _: sandbox.gemini.quota.clear(),
        }

    def handle(self, request: Request) -> Reply:
        """Answer a control request; what can't be done is a 400 with the reason."""
        self._base_url = request.base_url
        name = request.path.removeprefix("/_control").strip("/")
        try:
            body = request.json() if request.body else dict(request.query)
            if request.method == "DELETE" and name.startswith("faults/"):
                return json_reply({"ended": self._sandbox.faults.remove(int(name[7:]))})
            action = self._routes.get((request.method, name))
            if action is None:
                return json_reply({"error": f"No such control: {request.method} {name}"}, 404)
            return json_reply({"result": action(body)})
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as exc:
            return json_reply({"error": f"{type(exc).__name__}: {exc}"}, 400)

    def state(self) -> Body:
        """What there is, and how it is set."""
        sandbox = self._sandbox
        world = sandbox.world
        return {
            "pages": [self._page_state(page) for page in world.pages.values()],
            "app": {
                "id": world.tokens.app_id,
                "secret": world.tokens.app_secret,
                "instagram_id": world.tokens.instagram_app_id,
                "instagram_secret": world.tokens.instagram_app_secret,
            },
            "latency_ms": sandbox.latency_ms,
            "faults": sandbox.faults.to_json(),
            "graph": asdict(world.settings),
        }

    def _page_state(self, page: Page) -> Body:
        world = self._sandbox.world
        token = world.tokens.page_token(page.id)
        counts = {shelf.platform: len(shelf) for shelf in world.shelves_of(page.id)}
        return {
            "id": page.id, "name": page.name, "access_token": token.value if token else None,
            "instagram_id": page.instagram_id, "instagram_username": page.instagram_username,
            "conversations": counts, "subscribed_fields": list(page.subscribed_fields),
        }  # fmt: skip

    def _page(self, body: Body) -> Page:
        return self._sandbox.world.pages[str(body["page_id"])]

    def _reset(self, body: Body) -> None:
        sandbox = self._sandbox
        sandbox.faults.clear()
        sandbox.log.clear()
        sandbox.gemini.quota.clear()
        sandbox.deliveries.clear()
        sandbox.world.sent.clear()
        sandbox.latency_ms.update(dict.fromkeys(sandbox.latency_ms, 0.0))
        if body.get("data"):
            sandbox.world.pages.clear()
            sandbox.world.shelves.clear()
            sandbox.world.tokens.tokens.clear()

    def _calls(self, body: Body) -> list[Body]:
        return self._sandbox.log.to_json(
            service=body.get("service", ""),
            op=body.get("op", ""),
            limit=int(body.get("limit", 1000)),
        )

    def _latency(self, body: Body) -> Body:
        for service, ms in body.items():
            if service not in self._sandbox.latency_ms:
                raise KeyError(service)
            self._sandbox.latency_ms[service] = float(ms)
        return dict(self._sandbox.latency_ms)

    def _graph_settings(self, body: Body) -> None:
        world = self._sandbox.world
        for name, value in body.items():
            holder = world.tokens if hasattr(world.tokens, name) else world.settings
            if not hasattr(holder, name):
                raise KeyError(name)
            setattr(holder, name, value)

    def _add_page(self, body: Body) -> Body:
        token = body.pop("token", "")
        return {"token": self._sandbox.world.add_page(Page(**body), token=token)}

    def _add_conversations(self, body: Body) -> Body:
        world, page = self._sandbox.world, self._page(body)
        start = sum(len(shelf) for shelf in world.shelves_of(page.id)) + 10_000
        made = [
            samples.add_row(world, page, row, number=start + i, base_url=self._base_url)
            for i, row in enumerate(body["rows"])
        ]
        return {"ids": [c.id for c in made], "customer_ids": [c.customer_id for c in made]}

    def _add_synthetic(self, body: Body) -> None:
        page = self._page(body)
        shelf = self._sandbox.world.shelves[page.id, body.get("platform", MESSENGER)]
        shelf.add_range(
            count=int(body["count"]), newest_ms=now_ms() - int(body.get("newest_ago_ms", 60_000)),
            step_ms=int(body.get("step_ms", 60_000)), messages=int(body.get("messages", 6)),
        )  # fmt: skip

    def _load(self, body: Body) -> Body:
        count = samples.load_file(
            self._sandbox.world, Path(body["path"]), page=self._page(body), base_url=self._base_url
        )
        return {"count": count}

    def _add_message(self, body: Body) -> Body:
        world, page = self._sandbox.world, self._page(body)
        thread = world.find_customer(page.id, str(body["customer_id"]))
        if thread is None:
            raise KeyError(body["customer_id"])
        sender = BUSINESS if body.get("from") == BUSINESS else CUSTOMER
        extras = {}
        if body.get("attachment"):
            extras = samples.attachment_fields(
                body["attachment"], base_url=self._base_url, seed=len(thread.messages)
            )
        message = world.add_message(thread, sender=sender, text=body.get("text", ""), extras=extras)
        if body.get("webhook", True):
            world.announce(page, thread, message, is_echo=sender == BUSINESS)
        return {"conversation_id": thread.id, "message_id": message.id}

    def _page_tokens(self, body: Body) -> Body:
        tokens, page = self._sandbox.world.tokens, self._page(body)
        action = body["action"]
        if action == "issue":
            page.dies_after = None
            kind = body.get("kind", "PAGE")
            more = {n: body[n] for n in ("issued_at", "expires_at") if n in body}
            token = tokens.issue(kind, page_id=page.id, value=body.get("value", ""), **more)
            if "scopes" in body:
                token.scopes = tuple(body["scopes"])
            return {"token": token.value}
        if action == "kill":
            return {"killed": tokens.kill_page(page.id, body.get("subcode"))}
        if action == "die":
            page.dies_after, page.dies_with = int(body["after"]), body.get("subcode")
            return {}
        raise ValueError(f"Unknown action: {action}")

    def _user_token(self, body: Body) -> Body:
        pages = body.get("page_ids")
        token = self._sandbox.world.tokens.issue(
            "USER", value=body.get("value", ""), scopes=tuple(body.get("scopes", SCOPES)),
            page_ids=None if pages is None else tuple(pages),
        )  # fmt: skip
        return {"token": token.value}

    def _webhook(self, body: Body) -> None:
        raw = body["raw"].encode() if "raw" in body else encode(body["event"])
        self._sandbox.post_webhook(raw, signed=body.get("signed", True))

    def _gemini_settings(self, body: Body) -> None:
        gemini = self._sandbox.gemini
        if "keys" in body:
            gemini.keys = None if body["keys"] is None else set(body["keys"])
        gemini.projects.update(body.get("projects", {}))
        gemini.models |= set(body.get("models", ()))
        gemini.models -= set(body.get("retired", ()))
        gemini.quota.tier = body.get("tier", gemini.quota.tier)

    def _quota(self, body: Body) -> None:
        where = {"project": body.pop("project", ""), "model": body.pop("model", "")}
        self._sandbox.gemini.quota.set(Limits(**body), **where)
