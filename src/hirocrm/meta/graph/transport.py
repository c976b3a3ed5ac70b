"""Sending one request to the Graph API and telling an answer from an error."""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from importlib import import_module
from typing import Any
from urllib.parse import quote, urlsplit

import httpx2
import structlog

from hirocrm.core.errors import Invalid
from hirocrm.core.fast_json import load_json
from hirocrm.meta.graph import error_table
from hirocrm.meta.graph.errors import (
    Action,
    GraphError,
    GraphMalformed,
    GraphRateLimited,
    GraphRejected,
    GraphTimeout,
    GraphUnavailable,
    Refusal,
)
from hirocrm.meta.graph.lenient import read_count
from hirocrm.meta.graph.redaction import SECRET_PARAMETERS, keep_queries_out_of_logs, redact
from hirocrm.meta.graph.signature import appsecret_proof
from hirocrm.meta.graph.usage import Usage, parse_usage
from hirocrm.meta.graph.versions import check_format

log = structlog.get_logger(__name__)
keep_queries_out_of_logs()

_VERSION_HEADERS = ("facebook-api-version", "instagram-api-version")
# These happen before the request is on its way, so that nothing can have been changed by it.
_NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds allowed for each part of a call, and for all of it."""

    connect: float = 5.0
    read: float = 30.0
    write: float = 10.0
    pool: float = 10.0
    total: float = 60.0


DEFAULT_TIMEOUTS = Timeouts()


@dataclass(frozen=True, slots=True)
class Answer:
    """A JSON object from Meta that isn't an error."""

    content: dict[str, Any]
    usage: Usage


@dataclass(frozen=True, slots=True)
class FormFile:
    """A file as one field of a form."""

    field: str
    name: str
    content: bytes
    content_type: str


class Transport:
    """Sends requests and turns everything that isn't a good answer into a `GraphError`."""

    def __init__(
        self,
        *,
        base_url: str,
        version: str,
        app_secret: str | None,
        timeouts: Timeouts,
        http: httpx2.AsyncClient | None,
    ) -> None:
        self.base_url = _check_base_url(base_url)
        self.version = check_format(version)
        self.usage = Usage()
        self.served_version: str | None = None
        self._app_secret = app_secret
        self._timeouts = timeouts
        self._owns_http = http is None
        self._http = http or httpx2.AsyncClient(verify=_ssl_context())

    async def aclose(self) -> None:
        """Close the connections, unless they are somebody else's."""
        if self._owns_http:
            await self._http.aclose()

    async def call(
        self,
        method: str,
        path: Iterable[str],
        *,
        token: str | None,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, Any] | None = None,
        form: Mapping[str, str] | None = None,
        versioned: bool = True,
        file: FormFile | None = None,
    ) -> Answer:
        """Make one call with `token`'s proof and read the answer; `file` goes with `form`, as multipart.

        `form` is a body of form fields, instead of `json`; the login endpoints of Instagram want it, and
        are not `versioned`.

        Raises:
            GraphError: always one of its subclasses.
        """
        query, headers = dict(params or {}), {"Accept": "application/json"}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
            if self._app_secret:
                query["appsecret_proof"] = appsecret_proof(token, self._app_secret)
        request = self._http.build_request(
            method,
            self._url(path, versioned=versioned),
            params=query,
            headers=headers,
            json=json,
            data=form,
            files={file.field: (file.name, file.content, file.content_type)} if file else None,
            timeout=self._timeout(),
        )
        response = await self._send(request)
        given = {**query, **(form or {})}
        secrets = (token, self._app_secret, *(given.get(name) for name in SECRET_PARAMETERS))
        return self._read(response, secrets=secrets, changes=method == "POST")

    def _url(self, path: Iterable[str], *, versioned: bool) -> str:
        parts = list(path)
        if any(not part.strip(".") for part in parts):
            raise GraphRejected("An empty id was asked for.")
        base = [self.base_url, self.version] if versioned else [self.base_url]
        return "/".join([*base, *(quote(part, safe="") for part in parts)])

    def _timeout(self) -> httpx2.Timeout:
        given = self._timeouts
        return httpx2.Timeout(
            connect=given.connect, read=given.read, write=given.write, pool=given.pool
        )

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        changes = request.method == "POST"
        try:
            async with asyncio.timeout(self._timeouts.total):
                return await self._http.send(request, follow_redirects=False)
        except (TimeoutError, httpx2.ReadTimeout, httpx2.WriteTimeout) as exc:
            raise GraphTimeout(
                "Meta didn't answer in time. HiroCRM tries again by itself.",
                outcome_unknown=changes,
            ) from exc
        except httpx2.HTTPError as exc:
            raise GraphUnavailable(
                "Meta couldn't be reached. HiroCRM tries again by itself; check the server's internet connection if this lasts.",
                outcome_unknown=changes and not isinstance(exc, _NEVER_SENT),
            ) from exc

    def _read(
        self, response: httpx2.Response, *, secrets: tuple[str | None, ...], changes: bool
    ) -> Answer:
        usage = parse_usage(response.headers)
        if usage.pools:
            self.usage = usage
        self._note_version(response.headers)
        try:
            content = load_json(response.content)
        except ValueError as exc:
            raise _not_json(response, usage, changes=changes) from exc
        error = _read_error(response, content, usage=usage, secrets=secrets, changes=changes)
        if error is not None:
            error.outcome_unknown |= changes and error.action is Action.RETRY
            raise error
        if not isinstance(content, dict):
            raise GraphMalformed("Meta answered with something other than an object.")
        return Answer(content, usage)

    def _note_version(self, headers: Mapping[str, str]) -> None:
        served = next((headers[name] for name in _VERSION_HEADERS if name in headers), None)
        if served is None or served == self.served_version:
            return
        self.served_version = served
        if served != self.version:
            log.warning("graph.version_differs", asked=self.version, served=served)


def load_libraries() -> None:
    """Load what the first call needs: a worker does it at its start, not in the middle of a sync."""
    for module in ("encodings.idna", "anyio._backends._asyncio"):  # httpx2's own late imports
        import_module(module)
    _ssl_context()


@cache
def _ssl_context() -> ssl.SSLContext:
    """One for all clients: reading the certificates takes about 60 ms of CPU."""
    return httpx2.create_ssl_context()


def _check_base_url(base_url: str) -> str:
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
        raise Invalid(
            "FACEBOOK_GRAPH_URL must be an address like https://graph.facebook.com.",
            field="FACEBOOK_GRAPH_URL",
        )
    return base_url.rstrip("/")


def _not_json(response: httpx2.Response, usage: Usage, *, changes: bool) -> GraphError:
    """An HTML page, nothing, or half an answer: Meta itself always answers with JSON."""
    refusal = Refusal(http_status=response.status_code, usage=usage)
    if response.status_code == 429:
        return GraphRateLimited(
            "Meta allows no more calls for now. HiroCRM waits and goes on by itself.",
            refusal=refusal,
            retry_after_seconds=_retry_after(response.headers) or usage.regain_seconds,
        )
    return GraphUnavailable(
        f"Meta's answer (HTTP {response.status_code}) isn't JSON: a passing fault, or FACEBOOK_GRAPH_URL leads elsewhere.",
        refusal=refusal,
        outcome_unknown=changes,
    )


def _read_error(
    response: httpx2.Response,
    content: object,
    *,
    usage: Usage,
    secrets: Iterable[str | None],
    changes: bool,
) -> GraphError | None:
    envelope = content.get("error") if isinstance(content, dict) else None
    if envelope is None and response.is_success:
        return None
    details = envelope if isinstance(envelope, dict) else {"message": envelope}
    if envelope is None and isinstance(content, dict):  # api.instagram.com has no envelope
        details = {"message": content.get("error_message")}
    trace_id = details.get("fbtrace_id")
    refusal = Refusal(
        http_status=response.status_code,
        message=redact(str(details.get("message") or ""), secrets),
        trace_id=trace_id if isinstance(trace_id, str) else None,
        usage=usage,
    )
    return error_table.classify(
        code=read_count(details.get("code")),
        subcode=read_count(details.get("error_subcode")),
        refusal=refusal,
        is_transient=details.get("is_transient") is True,
        changes=changes,
        retry_after_seconds=_retry_after(response.headers),
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until the time in `Retry-After`, which is a number of seconds or a date."""
    value = headers.get("retry-after", "").strip()
    if value.isdecimal():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
