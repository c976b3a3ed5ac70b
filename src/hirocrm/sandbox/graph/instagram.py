"""Instagram Login: graph.instagram.com, its token endpoints and its dialog, all under `/instagram`.

A token of its own (type INSTAGRAM, `IGAA…`) speaks for one account. What it asks about conversations,
messages and people is answered like the Graph API does, with this host's headers and error type.
"""

import time
from html import escape
from typing import Any
from urllib.parse import parse_qs

from hirocrm.sandbox.faults import Call, Fault
from hirocrm.sandbox.graph.context import GraphCall, Refusal
from hirocrm.sandbox.graph.errors import graph_error
from hirocrm.sandbox.graph.login import hidden_input, redirect_with, refuse
from hirocrm.sandbox.graph.service import GraphService, fault_error
from hirocrm.sandbox.graph.shapes import INSTAGRAM
from hirocrm.sandbox.graph.tokens import SIXTY_DAYS_SECONDS, Token
from hirocrm.sandbox.wire import Reply, Request, html_reply, json_reply

PREFIX = "/instagram"
SHORT_SECONDS = 3_600
YOUNGEST_SECONDS = 86_400
SCOPES = ("instagram_business_basic", "instagram_business_manage_messages")
_LOGIN_OPS = {
    ("oauth", "authorize"): "instagram_dialog",
    ("oauth", "access_token"): "instagram_oauth",
    ("access_token",): "instagram_exchange",
    ("refresh_access_token",): "instagram_refresh",
}

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Log in with Instagram (sandbox)</title>
<body style="font:16px system-ui;max-width:34rem;margin:3rem auto">
<h1>HiroCRM wants to use your account</h1>
<form method="post" action="{action}">{hidden}
<fieldset><legend>Account</legend>{accounts}</fieldset>
<p><button name="answer" value="yes">Allow</button> <button name="answer" value="no">Cancel</button></p>
</form></body></html>"""


class InstagramService:
    """Instagram, for the accounts of the same world."""

    def __init__(self, graph: GraphService) -> None:
        self._graph = graph
        self.world = graph.world

    def identify(self, request: Request) -> GraphCall:
        """Name the call, without the prefix that stands for the host."""
        request.path = request.path.removeprefix(PREFIX) or "/"
        parts = tuple(part for part in request.path.split("/") if part)
        op = _LOGIN_OPS.get(parts, "")
        if op:
            return GraphCall(
                service="graph", op=op, method=request.method, path=request.path, parts=parts
            )
        call = self._graph.identify(request)
        call.platform = INSTAGRAM
        return call

    def answer(self, request: Request, call: Call, faults: list[Fault]) -> Reply:
        """The reply to an identified call, dressed as this host's."""
        assert isinstance(call, GraphCall)  # noqa: S101  # identify() made it
        if call.op in _LOGIN_OPS.values():
            reply = self._log_in(request, call, faults)
        else:
            reply = self._graph.answer(request, call, faults)
        reply.body = reply.body.replace(b'"type":"OAuthException"', b'"type":"IGApiException"')
        renamed = {"facebook-api-version": "instagram-api-version"}
        reply.headers = [(renamed.get(name, name), value) for name, value in reply.headers]
        return reply

    def _log_in(self, request: Request, call: GraphCall, faults: list[Fault]) -> Reply:
        for fault in faults:
            if fault.kind == "error":
                return fault_error(fault, call)
        if call.op == "instagram_dialog":
            return self._dialog(request)
        try:
            values = request.fields()
            if call.op == "instagram_oauth":
                return self._exchange_code(values)
            long = self._exchange if call.op == "instagram_exchange" else self._refresh
            return json_reply(long(values))
        except Refusal as refusal:
            return refusal.reply

    # The dialog

    def _dialog(self, request: Request) -> Reply:
        book, asked = self.world.tokens, request.query
        if request.method == "POST":
            return self._decide(request)
        if asked.get("client_id") != book.instagram_app_id or not asked.get("redirect_uri"):
            return html_reply("<h1>Invalid platform app</h1>", 400)
        hidden = "".join(hidden_input(n, asked.get(n, "")) for n in ("redirect_uri", "state"))
        owners = [page for page in self.world.pages.values() if page.instagram_id]
        accounts = "".join(
            f'<p><label><input type="radio" name="account" value="{page.instagram_id}"'
            f"{' checked' if page is owners[0] else ''}> @{escape(page.instagram_username)}</label></p>"
            for page in owners
        )
        action = escape(PREFIX + request.path)
        return html_reply(PAGE.format(action=action, hidden=hidden, accounts=accounts))

    def _decide(self, request: Request) -> Reply:
        form = {n: v[0] for n, v in parse_qs(request.body.decode("utf-8", "replace")).items()}
        redirect_uri, state = form.get("redirect_uri", ""), form.get("state", "")
        page = self.world.page_of(form.get("account", ""))
        if form.get("answer") == "no" or page is None:
            return refuse(redirect_uri, state)
        token = Token(redirect_uri, "INSTAGRAM", page_id=page.id, scopes=SCOPES)
        return redirect_with(self.world.tokens.add_code(token), redirect_uri, state, ending="#_")

    # Tokens

    def _exchange_code(self, values: dict[str, Any]) -> Reply:
        book = self.world.tokens
        code = book.codes.pop(str(values.get("code", "")), None)
        is_right = (
            values.get("client_id") == book.instagram_app_id
            and values.get("client_secret") == book.instagram_app_secret
            and code is not None
            and code.type == "INSTAGRAM"
            and code.value == values.get("redirect_uri")
        )
        if not is_right or code is None:
            sentence = "Invalid authorization code"
            body = {"error_type": "OAuthException", "code": 400, "error_message": sentence}
            return json_reply(body, 400)
        token = self._issue(code.page_id, SHORT_SECONDS)
        user_id = self.world.pages[code.page_id].instagram_id
        granted = {"access_token": token.value, "user_id": user_id, "permissions": ",".join(SCOPES)}
        return json_reply({"data": [granted]})

    def _exchange(self, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("client_secret") != self.world.tokens.instagram_app_secret:
            raise Refusal(graph_error(100, "Error validating client secret."))
        return self._renewed(self._living(values))

    def _refresh(self, values: dict[str, Any]) -> dict[str, Any]:
        token = self._living(values)
        if time.time() - token.issued_at < YOUNGEST_SECONDS:
            raise Refusal(graph_error(100, "The access token is too young to be refreshed."))
        return self._renewed(token)

    def _living(self, values: dict[str, Any]) -> Token:
        token = self.world.tokens.find(str(values.get("access_token", "")))
        if token is None or not token.is_valid or token.type != "INSTAGRAM":
            raise Refusal(graph_error(190, subcode=token.subcode if token else None))
        return token

    def _renewed(self, token: Token) -> dict[str, Any]:
        new = self._issue(token.page_id, SIXTY_DAYS_SECONDS)
        return {"access_token": new.value, "token_type": "bearer", "expires_in": SIXTY_DAYS_SECONDS}

    def _issue(self, page_id: str, seconds: int) -> Token:
        return self.world.tokens.issue(
            "INSTAGRAM", page_id=page_id, scopes=SCOPES, expires_at=int(time.time()) + seconds
        )
