"""The Graph API over HTTP: one method per call, every failure a `GraphError`.

The token travels in the `Authorization` header only. Nothing is retried here, except that a
listing of Pages is asked for in smaller pieces when Meta demands it; callers know their pace.
Reference: https://developers.facebook.com/docs/graph-api/
"""

import asyncio
from collections.abc import Iterable, Mapping
from json import dumps
from typing import Any, Self, TypeVar

import httpx2

from hirocrm.core.platforms import Platform
from hirocrm.meta.graph import fields as fields_of
from hirocrm.meta.graph.errors import GraphMalformed, GraphReduceData
from hirocrm.meta.graph.lenient import read_id
from hirocrm.meta.graph.paging import CursorTrail, Listing, Unreadable, next_cursor, place_of
from hirocrm.meta.graph.shapes import (
    AccessToken,
    Conversation,
    InstagramGrant,
    InstagramUser,
    Message,
    Outcome,
    Page,
    PageAccount,
    PageRole,
    Paging,
    Profile,
    SentMessage,
    Shape,
    SubscribedApp,
    TokenInfo,
    UploadedAttachment,
    User,
)
from hirocrm.meta.graph.transport import DEFAULT_TIMEOUTS, Answer, FormFile, Timeouts, Transport
from hirocrm.meta.graph.usage import Usage
from hirocrm.meta.graph.versions import DEFAULT_VERSION

DEFAULT_BASE_URL = "https://graph.facebook.com"
ACCOUNT_PAGE_SIZES = (50, 25, 10)
ROLES_ASKED = 100
_MORE_PAGES_THAN_ANYONE_HAS = 1000

_ShapeT = TypeVar("_ShapeT", bound=Shape)


class GraphClient:
    """Calls on behalf of one token (a Page's, a user's, or none for exchanging codes).

    Use as an async context manager, or call `aclose()`. Connections are kept alive between
    calls. `http` shares another client's connections and is then not closed here.

    Every method raises a subclass of `GraphError`.
    """

    def __init__(
        self,
        *,
        base_url: str = DEFAULT_BASE_URL,
        version: str = DEFAULT_VERSION,
        access_token: str | None = None,
        app_secret: str | None = None,
        timeouts: Timeouts = DEFAULT_TIMEOUTS,
        http: httpx2.AsyncClient | None = None,
    ) -> None:
        self._transport = Transport(
            base_url=base_url, version=version, app_secret=app_secret, timeouts=timeouts, http=http
        )
        self._token = access_token

    def __repr__(self) -> str:
        return f"GraphClient(base_url={self._transport.base_url!r}, version={self._transport.version!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    @property
    def usage(self) -> Usage:
        """The usage that the latest answer with usage headers told; empty: unknown."""
        return self._transport.usage

    @property
    def served_version(self) -> str | None:
        """The version Meta says it answered with, once it said so."""
        return self._transport.served_version

    # Pages and profiles

    async def get_page(self, page_id: str = "me") -> Page:
        """A Page and its Instagram account; "me" is the Page of the token. Verifies a token."""
        answer = await self._get(page_id, params={"fields": fields_of.PAGE_FIELDS})
        return _parse(Page, answer)

    async def list_roles(self, page_id: str) -> tuple[PageRole, ...]:
        """Who may do what on the Page, as far as Meta shows it: nobody who has it through a business.

        Reference: https://developers.facebook.com/docs/graph-api/reference/page/roles/
        """
        found = await self._list(PageRole, page_id, "roles", fields="id,tasks", limit=ROLES_ASKED)
        return found.items

    async def get_user(self) -> User:
        """The person whose token this is."""
        return _parse(User, await self._get("me", params={"fields": "id,name"}))

    async def get_instagram_user(self) -> InstagramUser:
        """The account whose Instagram Login token this is."""
        answer = await self._get("me", params={"fields": fields_of.INSTAGRAM_USER_FIELDS})
        return _parse(InstagramUser, answer)

    async def get_profile(
        self, person_id: str, platform: Platform, *, with_locale: bool = False
    ) -> Profile:
        """A customer's profile; all of it may be empty. `with_locale` needs a permission of its own."""
        fields = fields_of.PROFILE_FIELDS[platform] + (",locale" if with_locale else "")
        return _parse(Profile, await self._get(person_id, params={"fields": fields}))

    async def get_accounts(self) -> tuple[PageAccount, ...]:
        """All Pages of the user whose token this is, with the Pages' own tokens.

        Large portfolios are refused at once, so the list begins anew in smaller pieces.
        """
        for limit in ACCOUNT_PAGE_SIZES[:-1]:
            try:
                return await self._get_accounts_by(limit)
            except GraphReduceData:
                continue
        return await self._get_accounts_by(ACCOUNT_PAGE_SIZES[-1])

    async def _get_accounts_by(self, limit: int) -> tuple[PageAccount, ...]:
        accounts: dict[str, PageAccount] = {}
        trail, after = CursorTrail(), None
        for _ in range(_MORE_PAGES_THAN_ANYONE_HAS):
            page = await self._list(
                PageAccount,
                "me",
                "accounts",
                fields=fields_of.ACCOUNT_FIELDS,
                limit=limit,
                after=after,
            )
            accounts.update((account.id, account) for account in page.items)
            if page.broken_paging is not None:
                raise page.broken_paging
            after = page.after
            if after is None:
                break
            trail.follow(after)
        return tuple(accounts.values())

    # Conversations

    async def list_conversations(
        self,
        page_id: str,
        platform: Platform,
        *,
        limit: int = 25,
        after: str | None = None,
        fields: str | None = None,
        user_id: str | None = None,
    ) -> Listing[Conversation]:
        """One page of conversations, newest first, with their newest messages unless `fields` says else.

        With `user_id` only the one with that person.
        """
        return await self._list(
            Conversation,
            page_id,
            "conversations",
            fields=fields or fields_of.conversation_fields(platform),
            limit=limit,
            after=after,
            platform=platform.value,
            user_id=user_id,
        )

    async def get_conversation(
        self, conversation_id: str, platform: Platform, *, fields: str | None = None
    ) -> Listing[Conversation]:
        """One conversation by its id, as a page of its own; its `fields` as in `list_conversations`.

        Reference: https://developers.facebook.com/docs/graph-api/reference/conversation/
        """
        wanted = fields or fields_of.conversation_fields(platform)
        answer = await self._get(conversation_id, params={"fields": wanted})
        return Listing((_parse(Conversation, answer),), usage=self.usage)

    async def list_messages(
        self,
        conversation_id: str,
        platform: Platform,
        *,
        limit: int = fields_of.NEWEST_MESSAGES,
        after: str | None = None,
        fields: str | None = None,
    ) -> Listing[Message]:
        """One page of a conversation's messages, newest first."""
        wanted = fields or fields_of.message_fields(platform)
        return await self._list(
            Message, conversation_id, "messages", fields=wanted, limit=limit, after=after
        )

    async def get_message(self, message_id: str, platform: Platform) -> Message:
        """One message by its id."""
        params = {"fields": fields_of.message_fields(platform)}
        return _parse(Message, await self._get(message_id, params=params))

    def read_paging(self, paging: Paging | None) -> str | None:
        """The cursor behind a nested list's paging; see `next_cursor`."""
        return next_cursor(paging, base_url=self._transport.base_url)

    # Tokens

    async def debug_token(self, token: str, *, app_id: str, app_secret: str) -> TokenInfo:
        """What Meta knows about `token`. Meta takes it in the query only; logs leave queries out."""
        answer = await self._transport.call(
            "GET", ["debug_token"], params={"input_token": token}, token=f"{app_id}|{app_secret}"
        )
        return _parse(TokenInfo, answer, content=answer.content.get("data"))

    async def exchange_code(
        self, code: str, *, app_id: str, app_secret: str, redirect_uri: str
    ) -> AccessToken:
        """A short-lived user token for a login code. `redirect_uri` as in the login, byte for byte."""
        params = {"client_id": app_id, "client_secret": app_secret}
        params |= {"redirect_uri": redirect_uri, "code": code}
        return _parse(AccessToken, await self._exchange(params))

    async def exchange_long_lived(self, token: str, *, app_id: str, app_secret: str) -> AccessToken:
        """A user token of about 60 days for a short-lived one. Pages fetched with it get lasting tokens."""
        params = {"grant_type": "fb_exchange_token", "fb_exchange_token": token}
        params |= {"client_id": app_id, "client_secret": app_secret}
        return _parse(AccessToken, await self._exchange(params))

    # Tokens of Instagram Login: the first call goes to INSTAGRAM_TOKEN_URL, the others to its Graph API.
    # https://developers.facebook.com/docs/instagram-platform/instagram-api-with-instagram-login/business-login

    async def exchange_instagram_code(
        self, code: str, *, app_id: str, app_secret: str, redirect_uri: str
    ) -> InstagramGrant:
        """A short-lived token for a login code."""
        form = {"client_id": app_id, "client_secret": app_secret, "code": code}
        form |= {"grant_type": "authorization_code", "redirect_uri": redirect_uri}
        answer = await self._transport.call(
            "POST", ["oauth", "access_token"], form=form, token=None, versioned=False
        )
        return _parse(InstagramGrant, answer)

    async def exchange_instagram_long_lived(self, token: str, *, app_secret: str) -> AccessToken:
        """A token of 60 days for a short-lived one."""
        params = {"grant_type": "ig_exchange_token", "client_secret": app_secret}
        return await self._renew_instagram("access_token", token, params)

    async def refresh_instagram_token(self) -> AccessToken:
        """A token for 60 more days, for one that is a day old at least and lives."""
        params = {"grant_type": "ig_refresh_token"}
        return await self._renew_instagram("refresh_access_token", self._token or "", params)

    async def _renew_instagram(
        self, path: str, token: str, params: Mapping[str, str]
    ) -> AccessToken:
        # These two know the token as a parameter only; logs leave queries out. Their references know no
        # `appsecret_proof`: https://developers.facebook.com/docs/instagram-platform/reference/refresh_access_token
        given = {**params, "access_token": token}
        answer = await self._transport.call(
            "GET", [path], params=given, token=None, versioned=False
        )
        return _parse(AccessToken, answer)

    async def _exchange(self, params: Mapping[str, str]) -> Answer:
        return await self._transport.call(
            "GET", ["oauth", "access_token"], params=params, token=None
        )

    # Webhook subscription of a Page

    async def subscribe_app(self, page_id: str, fields: Iterable[str]) -> None:
        """Have the Page's events delivered to the app. Replaces the fields subscribed before."""
        params = {"subscribed_fields": ",".join(fields)}
        await self._change("POST", [page_id, "subscribed_apps"], params=params)

    async def list_subscribed_apps(self, page_id: str) -> tuple[SubscribedApp, ...]:
        """The apps that receive the Page's events."""
        page = await self._list(SubscribedApp, page_id, "subscribed_apps")
        return page.items

    async def unsubscribe_app(self, page_id: str) -> None:
        """Stop the delivery of the Page's events to this app."""
        await self._change("DELETE", [page_id, "subscribed_apps"])

    # Sending

    async def send_message(
        self,
        page_id: str,
        recipient_id: str,
        *,
        text: str | None = None,
        attachment: Mapping[str, Any] | None = None,
        messaging_type: str | None = "RESPONSE",
        tag: str | None = None,
        metadata: str | None = None,
        reply_to: str | None = None,
    ) -> SentMessage:
        """Send a text or an attachment (never both; Meta forbids it) to one person.

        There is no idempotency key: an error with `outcome_unknown` means that it may have been
        sent. `metadata` comes back in the message's echo on Messenger.
        """
        message: dict[str, Any] = {"text": text} if text is not None else {"attachment": attachment}
        if metadata is not None:
            message["metadata"] = metadata
        body: dict[str, Any] = {"recipient": {"id": recipient_id}, "message": message}
        extras = {"messaging_type": messaging_type, "tag": tag}
        body |= {name: value for name, value in extras.items() if value is not None}
        if reply_to is not None:
            body["reply_to"] = {"mid": reply_to}
        answer = await self._transport.call(
            "POST", [page_id, "messages"], json=body, token=self._token
        )
        return _parse(SentMessage, answer)

    async def upload_attachment(
        self,
        page_id: str,
        platform: Platform,
        *,
        kind: str,
        name: str,
        content: bytes,
        content_type: str,
    ) -> str:
        """Hand Meta a file (`kind`: image, video, audio or file) before it is sent; the id to send it by.

        Nobody receives anything yet, so that trying again does no harm. No public address is needed.
        """
        attachment = {"type": kind, "payload": {"is_reusable": True}}
        form = {"message": dumps({"attachment": attachment}), "platform": platform.value}
        answer = await self._transport.call(
            "POST",
            [page_id, "message_attachments"],
            form=form,
            file=FormFile("filedata", name, content, content_type),
            token=self._token,
        )
        return _parse(UploadedAttachment, answer).attachment_id

    # Common ground

    async def _get(self, *path: str, params: Mapping[str, str]) -> Answer:
        return await self._transport.call("GET", path, params=params, token=self._token)

    async def _change(
        self, method: str, path: Iterable[str], *, params: Mapping[str, str] | None = None
    ) -> None:
        answer = await self._transport.call(method, path, params=params, token=self._token)
        if not _parse(Outcome, answer).success:
            raise GraphMalformed("Meta didn't confirm the change.")

    async def _list(
        self,
        shape: type[_ShapeT],
        *path: str,
        fields: str | None = None,
        limit: int | None = None,
        after: str | None = None,
        platform: str | None = None,
        user_id: str | None = None,
    ) -> Listing[_ShapeT]:
        given = {"platform": platform, "fields": fields, "limit": limit, "user_id": user_id}
        params = {name: str(value) for name, value in given.items() if value is not None}
        params |= place_of(after)
        answer = await self._get(*path, params=params)
        # A hundred conversations take a tenth of a second to read: others' answers shouldn't wait that long.
        return await asyncio.to_thread(self._read_listing, shape, answer)

    def _read_listing(self, shape: type[_ShapeT], answer: Answer) -> Listing[_ShapeT]:
        data = answer.content.get("data")
        if not isinstance(data, list):
            raise GraphMalformed("Meta answered without the list that was asked for.")
        items: list[_ShapeT] = []
        unreadable: list[Unreadable] = []
        for raw in data:
            try:
                items.append(shape.model_validate(raw))
            except ValueError:
                unreadable.append(_unreadable(raw))
        after, broken = self._read_after(answer)
        return Listing(tuple(items), after, broken, tuple(unreadable), answer.usage)

    def _read_after(self, answer: Answer) -> tuple[str | None, GraphMalformed | None]:
        paging = answer.content.get("paging")
        if not isinstance(paging, dict):
            return None, None
        try:
            return self.read_paging(Paging.model_validate(paging)), None
        except GraphMalformed as exc:
            return None, exc


def _parse(shape: type[_ShapeT], answer: Answer, *, content: object = None) -> _ShapeT:
    try:
        return shape.model_validate(answer.content if content is None else content)
    except ValueError as exc:
        raise GraphMalformed(f"Meta's answer is no {shape.__name__} that can be read.") from exc


def _unreadable(raw: object) -> Unreadable:
    if not isinstance(raw, dict):
        return Unreadable(None, "It isn't an object.")
    remote_id = read_id(raw.get("id"))
    return Unreadable(remote_id, "It has no id." if remote_id is None else "It can't be read.")
