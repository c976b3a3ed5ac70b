"""The one HTTP client of a process for all model calls, with its errors translated.

aiohttp, because its parser is C: a call costs a fifth of httpx2's CPU (docs/decisions/0010). Importing
it takes a quarter of a second, so it happens when the first client is opened.
"""

import re
import urllib.request
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import SimpleNamespace, TracebackType
from typing import TYPE_CHECKING, Any, Self

from hirocrm.analysis.providers.errors import AnswerInvalid, KeyRefused, ProviderUnavailable
from hirocrm.core.fast_json import dump_json, load_json

if TYPE_CHECKING:
    import aiohttp

CONNECT_SECONDS = 10.0
ANSWER_SECONDS = 60.0  # the slowest answer worth waiting for; thinking models take 5 to 30
SPARE_CONNECTIONS = 4  # key tests beside the analyses in flight

# Called when a request has been written to the vendor: a busy process sends later than it decides to.
WHEN_SENT: ContextVar[Callable[[], None] | None] = ContextVar("when_sent", default=None)

DURATION = re.compile(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")


@dataclass(frozen=True, slots=True)
class Reply:
    """A vendor's HTTP answer. `data` is None where the body isn't a JSON object."""

    status: int
    headers: Mapping[str, str]
    data: dict[str, Any] | None
    text: str

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300

    @property
    def retry_after_seconds(self) -> float | None:
        """The Retry-After header in seconds; None when absent or a date."""
        return duration_seconds(self.headers.get("retry-after", ""))


class ProviderHttp:
    """A pooled client with explicit time-outs. Use as an async context manager, one per event loop."""

    def __init__(self, *, concurrency: int, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._connections = concurrency + SPARE_CONNECTIONS
        self._answer_seconds = answer_seconds
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; a later call opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def post(self, url: str, *, headers: Mapping[str, str], body: Mapping[str, Any]) -> Reply:
        """POST JSON and return the answer, whatever its status.

        Raises:
            ProviderUnavailable: the network, DNS, TLS or a time-out got in the way.
            KeyRefused: the key can't even be put in a header.
        """
        return await self._send(
            "POST",
            url,
            headers={**headers, "Content-Type": "application/json"},
            data=dump_json(body),
        )

    async def get(self, url: str, *, headers: Mapping[str, str]) -> Reply:
        """GET, otherwise as `post`."""
        return await self._send("GET", url, headers=headers, data=None)

    async def _send(
        self, method: str, url: str, *, headers: Mapping[str, str], data: bytes | None
    ) -> Reply:
        import aiohttp  # noqa: PLC0415  # a command without model calls shouldn't pay for it

        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise KeyRefused("The key holds characters that no key has. Paste it again.")
        if self._session is None:
            self._session = self._new_session()
        try:
            async with self._session.request(
                method,
                url,
                headers=headers,
                data=data,
                allow_redirects=False,
                trace_request_ctx=WHEN_SENT.get(),
            ) as response:
                content = await response.read()
        except TimeoutError as exc:
            raise ProviderUnavailable(
                "The model did not answer in time.", remote_code=type(exc).__name__
            ) from None
        except (aiohttp.ClientError, ValueError, OSError) as exc:
            raise ProviderUnavailable(
                "The model's address could not be reached.", remote_code=type(exc).__name__
            ) from None
        text = content.decode("utf-8", "replace")
        return Reply(response.status, response.headers, _json_object(content), text)

    def _new_session(self) -> "aiohttp.ClientSession":
        import aiohttp  # noqa: PLC0415  # see above

        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=CONNECT_SECONDS, sock_read=self._answer_seconds
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[_tracing()],
            # Looking up the proxy costs some CPU a call, so it is asked for only where there is one.
            trust_env=bool(urllib.request.getproxies()),
        )


def _tracing() -> "aiohttp.TraceConfig":
    """Call the request's WHEN_SENT, if it has one, as its body goes out."""
    import aiohttp  # noqa: PLC0415  # see above

    async def sent(
        _session: "aiohttp.ClientSession",
        context: SimpleNamespace,
        _sent: "aiohttp.TraceRequestChunkSentParams",
    ) -> None:
        when_sent = context.trace_request_ctx
        if when_sent is not None:
            when_sent()

    trace = aiohttp.TraceConfig()
    trace.on_request_chunk_sent.append(sent)
    return trace


def _json_object(content: bytes) -> dict[str, Any] | None:
    """Return the body's JSON object; Google's OpenAI route wraps errors in a one-element list."""
    try:
        data = load_json(content)
    except ValueError:  # broken JSON and broken UTF-8 alike
        return None
    if isinstance(data, list) and data:
        data = data[0]
    return data if isinstance(data, dict) else None


def listed_ids(reply: Reply) -> tuple[str, ...]:
    """Return the ids of `{"data": [{"id": …}]}`, as OpenAI and Anthropic list their models.

    Raises:
        AnswerInvalid: it is no such list.
    """
    nodes = (reply.data or {}).get("data")
    if not isinstance(nodes, list):
        raise AnswerInvalid("The endpoint answered without a list of models.")
    return tuple(
        node["id"] for node in nodes if isinstance(node, dict) and isinstance(node.get("id"), str)
    )


def duration_seconds(value: object) -> float | None:
    """Return the seconds of "37", "38.2s", "6m0s", "20ms" or a number; None for anything else."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value) if value >= 0 else None
    text = value.strip() if isinstance(value, str) else ""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    match = DURATION.fullmatch(text)
    if not match or not text:
        return None
    hours, minutes, seconds, millis = (float(part or 0) for part in match.groups())
    return hours * 3600 + minutes * 60 + seconds + millis / 1000
