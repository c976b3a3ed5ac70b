"""The Graph endpoint: which object a path names, whether the token may, and the answer."""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from hirocrm.sandbox.faults import Call, Fault
from hirocrm.sandbox.graph import accounts, login, reading, sending, uploading
from hirocrm.sandbox.graph.context import Context, GraphCall, Refusal
from hirocrm.sandbox.graph.errors import (
    buc_header,
    graph_error,
    is_rate_limit,
    limit_headers,
)
from hirocrm.sandbox.graph.shapes import INSTAGRAM
from hirocrm.sandbox.graph.tokens import Token
from hirocrm.sandbox.graph.world import World
from hirocrm.sandbox.wire import Reply, Request, json_reply

_VERSION = re.compile(r"v\d+\.\d+")
_ANSWERS: dict[str, Callable[[Context], dict[str, Any]]] = {
    "me": accounts.me,
    "accounts": accounts.accounts,
    "page": reading.page_node,
    "conversations": reading.conversations,
    "conversation": reading.conversation_node,
    "conversation_messages": reading.conversation_messages,
    "message": reading.message_node,
    "profile": reading.profile,
    "subscribed_apps": accounts.subscribed_apps,
    "roles": accounts.roles,
    "send": sending.send,
    "upload": uploading.upload,
    "debug_token": accounts.debug_token,
}
_EDGES = {
    "conversations": "conversations", "subscribed_apps": "subscribed_apps", "messages": "send",
    "accounts": "accounts", "message_attachments": "upload", "roles": "roles",
}  # fmt: skip


class GraphService:
    """Meta, for all the Pages of one world."""

    def __init__(self, world: World) -> None:
        self.world = world

    def identify(self, request: Request) -> GraphCall:
        """Name the call: its operation, object, Page, platform and token."""
        parts = tuple(part for part in request.path.split("/") if part)
        version = parts[0] if parts and _VERSION.fullmatch(parts[0]) else ""
        parts = parts[1:] if version else parts
        token_text = _token_text(request)
        token = self.world.tokens.find(token_text)
        op, target = self._operation(parts, token)
        page = self.world.page_of(target)
        call = GraphCall(
            service="graph", op=op, method=request.method, path=request.path, key=token_text,
            page=page.id if page else (token.page_id if token else ""), target=target,
            version=version, parts=parts,
        )  # fmt: skip
        by_id = INSTAGRAM if target.startswith("aWdf") else ""
        call.platform = request.query.get("platform", by_id)
        return call

    def _operation(self, parts: tuple[str, ...], token: Token | None) -> tuple[str, str]:
        """The operation's name and the id of the object it is about."""
        if parts in {("debug_token",), ("oauth", "access_token"), ("dialog", "oauth")}:
            return {"debug_token": "debug_token", "oauth": "oauth", "dialog": "dialog"}[
                parts[0]
            ], ""
        if not parts or len(parts) > 2:
            return "unknown", ""
        target = parts[0]
        if target == "me":
            target = token.page_id if token and token.page_id else "me"
            if len(parts) == 1:
                return "me", target
        if len(parts) == 2:
            if _is_conversation(target) and parts[1] == "messages":
                return "conversation_messages", target
            return _EDGES.get(parts[1], "unknown"), target
        return self._node(target), target

    def _node(self, target: str) -> str:
        if self.world.page_of(target):
            return "page"
        if _is_conversation(target):
            return "conversation"
        return "message" if target.startswith(("m_", "aWdfZAG1")) else "profile"

    def answer(self, request: Request, call: Call, faults: list[Fault]) -> Reply:
        """The reply to an identified call, with the headers every Graph reply has."""
        assert isinstance(call, GraphCall)  # noqa: S101  # identify() made it
        try:
            reply = self._answer(request, call, faults)
        except Refusal as refusal:
            reply = refusal.reply
        except reading.UnknownField as unknown:
            reply = graph_error(
                100,
                f"(#100) Tried accessing nonexisting field ({unknown}) on node type ({call.op.title()})",
            )
        except ValueError as fault:
            reply = graph_error(2500, f'Syntax error "{fault}" in the request')
        self._add_headers(reply, call)
        return reply

    def _answer(self, request: Request, call: GraphCall, faults: list[Fault]) -> Reply:
        if call.op == "dialog":
            return login.dialog(self.world, request)
        for fault in faults:
            if fault.kind == "error":
                return fault_error(fault, call)
        values = request.fields()
        if call.op == "oauth":
            return json_reply(accounts.exchange(self.world.tokens, values))
        token = self._accepted(call, values)
        answer = _ANSWERS.get(call.op)
        if answer is None or (call.version and not self._served(call.version)):
            raise Refusal(
                graph_error(2500, f"Unknown path components: /{'/'.join(call.parts[1:])}")
            )
        context = Context(self.world, request, call, token, values, faults)
        return json_reply(bend(context, answer(context)))

    def _accepted(self, call: GraphCall, values: dict[str, Any]) -> Token:
        """The living token of the call.

        Raises:
            Refusal: none, unknown, dead, or without the app's proof.
        """
        if not call.key:
            raise Refusal(
                graph_error(
                    104, "An access token is required to request this resource.", status=400
                )
            )
        token = self.world.tokens.find(call.key)
        if token is None:
            raise Refusal(graph_error(190))
        page = self.world.pages.get(call.page)
        if page is not None and page.dies_after == 0 and call.op == "conversations":
            page.dies_after = None
            self.world.tokens.kill_page(page.id, page.dies_with)
        if not token.is_valid:
            raise Refusal(graph_error(190, subcode=token.subcode))
        if not self.world.tokens.proof_is_right(call.key, str(values.get("appsecret_proof", ""))):
            wrong = "Invalid appsecret_proof provided in the API argument"
            needed = "API calls from the server require an appsecret_proof argument"
            raise Refusal(graph_error(100, wrong if values.get("appsecret_proof") else needed))
        return token

    def _served(self, version: str) -> bool:
        return _order(version) <= _order(self.world.settings.newest_version)

    def _add_headers(self, reply: Reply, call: GraphCall) -> None:
        settings = self.world.settings
        asked = call.version or settings.oldest_version
        version = max(asked, settings.oldest_version, key=_order)
        reply.headers.append(("facebook-api-version", version))
        if any(name.startswith("x-") for name, _ in reply.headers):
            return
        usage = settings.usage
        reply.headers.append(("x-app-usage", _app_usage(json.dumps(usage.get("app", {})))))
        if call.page and reply.status == 200:
            platform = INSTAGRAM if call.platform == INSTAGRAM else "messenger"
            given = usage.get(call.page, {})
            kind = str(given.get("type") or (platform if "conversation" in call.op else "pages"))
            percent, minutes = (
                int(given.get("call_count", 1)),
                float(given.get("regain_minutes", 0)),
            )
            reply.headers.append(_buc(call.page, kind, percent, minutes))


_buc = lru_cache(maxsize=512)(buc_header)


@lru_cache(maxsize=64)
def _app_usage(given: str) -> str:
    return json.dumps({"call_count": 1, "total_time": 1, "total_cputime": 1} | json.loads(given))


def fault_error(fault: Fault, call: GraphCall) -> Reply:
    """A Graph error that a test asked for, with a rate limit's headers unless `headers` is false."""
    params = fault.params
    code = int(params.get("code", 1))
    headers = None
    if is_rate_limit(code) and params.get("headers", True):
        headers = limit_headers(
            code, account=call.page or "0", regain_minutes=float(params.get("regain_minutes", 1)),
            percent=int(params.get("percent", 100)),
        )  # fmt: skip
    if params.get("retry_after"):
        headers = [*(headers or []), ("retry-after", str(params["retry_after"]))]
    return graph_error(
        code, params.get("message", ""), subcode=params.get("subcode"),
        status=params.get("status"), headers=headers, extra=params.get("extra"),
    )  # fmt: skip


def bend(context: Context, answer: dict[str, Any]) -> dict[str, Any]:
    """Apply the faults that change what a right answer says."""
    for fault in context.faults:
        paging = answer.get("paging", {})
        if fault.kind == "looping_cursor" and paging:
            again = context.values.get("after") or paging["cursors"]["after"]
            paging["cursors"]["after"] = again
            paging["next"] = context.link(after=again)
        elif fault.kind == "foreign_next" and paging.get("next"):
            rest = urlsplit(paging["next"])
            host = fault.params.get("host", "https://graph.evil.example")
            paging["next"] = f"{host}{rest.path}?{rest.query}"
        elif fault.kind == "empty_page" and paging:
            answer["data"] = []
        elif fault.kind == "missing_fields":
            answer = _without(answer, frozenset(fault.params.get("fields", ())))
    return answer


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {k: _without(v, names) for k, v in value.items() if k not in names}
    if isinstance(value, list):
        return [_without(item, names) for item in value]
    return value


def _token_text(request: Request) -> str:
    header = request.headers.get("authorization", "")
    if header[:7].lower() == "bearer ":
        return header[7:].strip()
    if "access_token" in request.query:
        return request.query["access_token"]
    if request.body:
        try:
            return str(request.fields().get("access_token", ""))
        except ValueError:
            return ""
    return ""


def _is_conversation(object_id: str) -> bool:
    return object_id.startswith(("t_", "aWdfZAG06"))


def _order(version: str) -> tuple[int, int]:
    major, _, minor = version.removeprefix("v").partition(".")
    return int(major), int(minor)
