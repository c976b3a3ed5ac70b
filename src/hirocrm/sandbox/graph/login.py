"""The login dialog: a page with ticks for Pages and permissions, then back with a code."""

from html import escape
from urllib.parse import parse_qs, urlencode

from hirocrm.sandbox.graph.tokens import SCOPES, Token
from hirocrm.sandbox.graph.world import World
from hirocrm.sandbox.wire import Reply, Request, html_reply

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Log in with Facebook (sandbox)</title>
<body style="font:16px system-ui;max-width:34rem;margin:3rem auto">
<h1>HiroCRM wants to use your Pages</h1>
<form method="post" action="{action}">{hidden}
<fieldset><legend>Pages</legend>{pages}</fieldset>
<fieldset><legend>Permissions</legend>{scopes}</fieldset>
<p><button name="answer" value="yes">Continue</button> <button name="answer" value="no">Cancel</button></p>
</form></body></html>"""


def dialog(world: World, request: Request) -> Reply:
    """GET shows the consent form; POST sends the browser back with `code` or `error`, and `state`.

    A field `only:<scope>` of a POST names the Pages that the scope is given for, as Facebook Login for Business asks.
    """
    if request.method == "POST":
        return _decide(world, request)
    asked = request.query
    if asked.get("client_id") != world.tokens.app_id or not asked.get("redirect_uri"):
        return html_reply(
            "<h1>Invalid App ID</h1><p>The provided app ID does not look like a valid app ID.</p>",
            400,
        )
    scopes = [s for s in asked.get("scope", "").split(",") if s] or list(SCOPES)
    hidden = "".join(hidden_input(n, asked.get(n, "")) for n in ("redirect_uri", "state"))
    pages = "".join(_tick("page", p.id, p.name) for p in world.pages.values())
    ticks = "".join(_tick("scope", scope, scope) for scope in scopes)
    return html_reply(
        PAGE.format(action=escape(request.path), hidden=hidden, pages=pages, scopes=ticks)
    )


def _decide(world: World, request: Request) -> Reply:
    form = parse_qs(request.body.decode("utf-8", "replace"))
    redirect_uri, state = form.get("redirect_uri", [""])[0], form.get("state", [""])[0]
    if form.get("answer", ["yes"])[0] == "no":
        return refuse(redirect_uri, state)
    token = Token(
        value=redirect_uri, type="USER",
        scopes=tuple(form.get("scope", ())), page_ids=tuple(form.get("page", ())),
        targets={s: tuple(form[f"only:{s}"]) for s in SCOPES if f"only:{s}" in form},
    )  # fmt: skip
    return redirect_with(world.tokens.add_code(token), redirect_uri, state, ending="#_=_")


def refuse(redirect_uri: str, state: str) -> Reply:
    """Back to the app: the person didn't continue."""
    refusal = {
        "error": "access_denied", "error_reason": "user_denied",
        "error_description": "Permissions error", "state": state,
    }  # fmt: skip
    return _redirect(f"{redirect_uri}?{urlencode(refusal)}")


def redirect_with(code: str, redirect_uri: str, state: str, *, ending: str) -> Reply:
    """Back to the app with a code, and the ending that Meta appends."""
    return _redirect(f"{redirect_uri}?{urlencode({'code': code, 'state': state})}{ending}")


def _redirect(url: str) -> Reply:
    return Reply(302, b"", headers=[("location", url)])


def hidden_input(name: str, value: str) -> str:
    """A hidden field."""
    return f'<input type="hidden" name="{name}" value="{escape(value)}">'


def _tick(name: str, value: str, label: str) -> str:
    return f'<p><label><input type="checkbox" name="{name}" value="{escape(value)}" checked> {escape(label)}</label></p>'
