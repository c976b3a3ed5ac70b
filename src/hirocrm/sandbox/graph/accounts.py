"""Who is asking: /me, /me/accounts, debug_token, the code exchange, subscriptions."""

import time
from typing import Any

from hirocrm.sandbox.graph.context import Context, Refusal
from hirocrm.sandbox.graph.errors import REDUCE_SENTENCE, TOKEN_SENTENCES, graph_error
from hirocrm.sandbox.graph.reading import own_page
from hirocrm.sandbox.graph.render import PAGE_FIELDS, check_fields, edge_page, render_page
from hirocrm.sandbox.graph.shapes import Page
from hirocrm.sandbox.graph.tokens import SIXTY_DAYS_SECONDS, Token, TokenBook

USER_NAME = "Sandbox Owner"


INSTAGRAM_USER_FIELDS = frozenset(
    {"id", "user_id", "username", "name", "account_type", "profile_picture_url", "followers_count"}
)


def me(context: Context) -> dict[str, Any]:
    """GET /me: the person, or the Page when a Page token asks."""
    if context.page is not None and context.token.type == "INSTAGRAM":
        return _instagram_me(context, context.page)
    if context.page is not None:
        fields = context.fields("id,name")
        check_fields(fields, PAGE_FIELDS)
        return render_page(context.page, fields, token=context.token.value)
    return {"id": context.token.user_id, "name": USER_NAME}


def _instagram_me(context: Context, page: Page) -> dict[str, Any]:
    """GET /me on graph.instagram.com: `user_id` is the account's, `id` only this app's name for it."""
    fields = context.fields("id,username")
    check_fields(fields, INSTAGRAM_USER_FIELDS)
    known = {
        "id": f"8{page.instagram_id[1:]}", "user_id": page.instagram_id, "name": page.name,
        "username": page.instagram_username, "account_type": "BUSINESS",
    }  # fmt: skip
    return {name: known[name] for name in fields if name in known} | {"id": known["id"]}


def accounts(context: Context) -> dict[str, Any]:
    """GET /me/accounts: the person's Pages with their tokens."""
    fields = context.fields("access_token,category,category_list,name,id,tasks")
    check_fields(fields, PAGE_FIELDS)
    fault = context.fault("reduce_data")
    if fault and context.limit() > int(fault.params.get("max_limit", 0)):
        raise Refusal(graph_error(1, REDUCE_SENTENCE))
    pages = _granted(context)
    start = _start(context.values.get("after"), pages)
    chosen = pages[start : start + context.limit()]
    has_more = start + len(chosen) < len(pages)
    last = f"QVFIUpage{chosen[-1].id}" if chosen else ""
    return edge_page(
        (render_page(page, fields, token=_page_token(context, page)) for page in chosen),
        before=f"QVFIUpage{chosen[0].id}" if chosen else "", after=last,
        next_url=context.link(after=last) if has_more else "",
    )  # fmt: skip


def _granted(context: Context) -> list[Page]:
    ticked = context.token.page_ids
    return [p for p in context.world.pages.values() if ticked is None or p.id in ticked]


def _start(cursor: str | None, pages: list[Page]) -> int:
    if not cursor:
        return 0
    last = cursor.removeprefix("QVFIUpage")
    return next((i + 1 for i, page in enumerate(pages) if page.id == last), 0)


def _page_token(context: Context, page: Page) -> str:
    """The Page's token; a new one when the old ones are dead or for other scopes, as after a new login."""
    scopes = context.token.scopes_of(page.id)
    living = context.world.tokens.page_token(page.id)
    if living is None or living.scopes != scopes:
        page.dies_after = None
        living = context.world.tokens.issue("PAGE", page_id=page.id, scopes=scopes)
    return living.value


def debug_token(context: Context) -> dict[str, Any]:
    """GET /debug_token with the app's token: what another token is good for."""
    book = context.world.tokens
    value = str(context.values.get("input_token", ""))
    token = book.find(value)
    if token is None:
        error = {"code": 190, "message": TOKEN_SENTENCES[None]}
        return {"data": {"is_valid": False, "scopes": [], "error": error}}
    data: dict[str, Any] = {
        "app_id": book.app_id, "type": token.type, "application": "HiroCRM Sandbox",
        "user_id": token.user_id, "is_valid": token.is_valid, "issued_at": token.issued_at,
        "expires_at": token.expires_at,
        "data_access_expires_at": token.issued_at + 90 * 86_400, "scopes": list(token.scopes),
        "granular_scopes": [_granular(scope, token) for scope in token.scopes],
    }  # fmt: skip
    if token.page_id:
        data["profile_id"] = token.page_id
    if not token.is_valid:
        data["error"] = {
            "code": 190,
            "message": TOKEN_SENTENCES[token.subcode],
            "subcode": token.subcode,
        }
    return {"data": data}


def _granular(scope: str, token: Token) -> dict[str, Any]:
    ticked = token.targets.get(scope, token.page_ids or ())
    targets = [token.page_id] if token.page_id else list(ticked)
    return {"scope": scope} | ({"target_ids": targets} if targets else {})


def exchange(book: TokenBook, values: dict[str, Any]) -> dict[str, Any]:
    """GET /oauth/access_token: a code, or a short token, for a longer one.

    Raises:
        Refusal: wrong app, used code, other redirect_uri, dead token.
    """
    if values.get("client_id") != book.app_id:
        raise Refusal(
            graph_error(
                101,
                "Error validating application. Cannot get application info due to a system error.",
                status=400,
            )
        )
    if values.get("client_secret") != book.app_secret:
        raise Refusal(graph_error(1, "Error validating client secret.", status=400))
    if values.get("grant_type") == "fb_exchange_token":
        return _granted_token(book, _short_token(book, values), SIXTY_DAYS_SECONDS)
    code = book.codes.pop(str(values.get("code", "")), None)
    if code is None:
        raise Refusal(graph_error(100, "This authorization code has been used.", subcode=36009))
    if code.value != values.get("redirect_uri"):
        raise Refusal(
            graph_error(
                100,
                "Error validating verification code. Please make sure your redirect_uri is identical to the one you used in the OAuth dialog request",
                subcode=36008,
            )
        )
    return _granted_token(book, code, 5_400)


def _short_token(book: TokenBook, values: dict[str, Any]) -> Token:
    token = book.find(str(values.get("fb_exchange_token", "")))
    if token is None or not token.is_valid:
        raise Refusal(graph_error(190, subcode=463 if token else None))
    return token


def _granted_token(book: TokenBook, source: Token, seconds: int) -> dict[str, Any]:
    token = book.issue(
        "USER", scopes=source.scopes, page_ids=source.page_ids, user_id=source.user_id,
        targets=source.targets,
        expires_at=int(time.time()) + seconds,
    )  # fmt: skip
    return {"access_token": token.value, "token_type": "bearer", "expires_in": seconds}


def roles(context: Context) -> dict[str, Any]:
    """GET /{page-id}/roles: the person who connected, with their tasks."""
    page = own_page(context)
    person = {"id": context.token.user_id, "name": USER_NAME, "tasks": list(page.tasks)}
    return edge_page([person], before="QVFIUrole", after="QVFIUrole", next_url="")


def subscribed_apps(context: Context) -> dict[str, Any]:
    """GET, POST or DELETE /{page-id}/subscribed_apps; the POST replaces the field list."""
    page, book = own_page(context), context.world.tokens
    if "pages_manage_metadata" not in context.token.scopes and context.token.type == "PAGE":
        raise Refusal(graph_error(200, "(#200) Requires pages_manage_metadata permission"))
    if context.token.type == "INSTAGRAM":
        return _instagram_subscription(context, page)
    if context.call.method == "POST":
        page.subscribed_fields = _asked_fields(context)
        return {"success": True}
    if context.call.method == "DELETE":
        page.subscribed_fields = ()
        return {"success": True}
    return _subscription(book.app_id, page.subscribed_fields)


def _instagram_subscription(context: Context, page: Page) -> dict[str, Any]:
    if context.call.method == "POST":
        page.instagram_subscribed_fields = _asked_fields(context)
        return {"success": True}
    if context.call.method == "DELETE":
        page.instagram_subscribed_fields = ()
        return {"success": True}
    return _subscription(context.world.tokens.instagram_app_id, page.instagram_subscribed_fields)


def _asked_fields(context: Context) -> tuple[str, ...]:
    asked = context.values.get("subscribed_fields") or ""
    names = asked if isinstance(asked, list) else str(asked).split(",")
    fields = tuple(name.strip() for name in names if name.strip())
    if not fields:
        raise Refusal(graph_error(100, "(#100) The parameter subscribed_fields is required."))
    return fields


def _subscription(app_id: str, fields: tuple[str, ...]) -> dict[str, Any]:
    if not fields:
        return {"data": []}
    app = {
        "id": app_id,
        "name": "HiroCRM Sandbox",
        "link": "http://127.0.0.1/",
        "category": "Business",
    }
    return {"data": [app | {"subscribed_fields": list(fields)}]}
