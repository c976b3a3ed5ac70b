"""The one HTTP client of a process for all model calls, with its errors translated.

Importing httpx2 takes a fifth of a second, so it happens when the first client is opened.
"""

import json
import re
import ssl
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from hirocrm.analysis.providers.errors import KeyRefused, ProviderUnavailable

if TYPE_CHECKING:
    import httpx2

CONNECT_SECONDS = 10.0
WRITE_SECONDS = 20.0
ANSWER_SECONDS = 60.0  # the slowest answer worth waiting for; thinking models take 5 to 30
LANE_CONNECTIONS = 8
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


@dataclass(slots=True)
class _Lane:
    """A client of a few connections, and how many calls are on it."""

    client: "httpx2.AsyncClient"
    calls: int = 0


class ProviderHttp:
    """A pooled client with explicit time-outs. Use as an async context manager, one per event loop.

    It is several small pools: for each call the HTTP library looks at every connection of a pool,
    which with 64 of them cost more CPU than the call itself (measured: a third of the worker's).
    """

    def __init__(self, *, concurrency: int, answer_seconds: float = ANSWER_SECONDS) -> None:
        self._lanes_max = -(-(concurrency + SPARE_CONNECTIONS) // LANE_CONNECTIONS)
        self._answer_seconds = answer_seconds
        self._lanes: list[_Lane] = []
        self._tls: ssl.SSLContext | None = None

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
        lanes, self._lanes = self._lanes, []
        for lane in lanes:
            await lane.client.aclose()

    async def post(self, url: str, *, headers: Mapping[str, str], body: Mapping[str, Any]) -> Reply:
        """POST JSON and return the answer, whatever its status.

        Raises:
            ProviderUnavailable: the network, DNS, TLS or a time-out got in the way.
            KeyRefused: the key can't even be put in a header.
        """
        return await self._send("POST", url, headers=headers, body=body)

    async def get(self, url: str, *, headers: Mapping[str, str]) -> Reply:
        """GET, otherwise as `post`."""
        return await self._send("GET", url, headers=headers, body=None)

    async def _send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> Reply:
        import httpx2  # noqa: PLC0415  # 0.2 s that a command without model calls shouldn't pay

        if not all(value.isascii() and value.isprintable() for value in headers.values()):
            raise KeyRefused("The key holds characters that no key has. Paste it again.")
        lane = self._least_used_lane()
        lane.calls += 1
        try:
            response = await lane.client.request(
                method, url, headers=dict(headers), json=body, extensions=_tracing()
            )
        except httpx2.TimeoutException as exc:
            raise ProviderUnavailable(
                "The model did not answer in time.", remote_code=type(exc).__name__
            ) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as exc:
            raise ProviderUnavailable(
                "The model's address could not be reached.", remote_code=type(exc).__name__
            ) from None
        finally:
            lane.calls -= 1
        return Reply(response.status_code, response.headers, _json_object(response), response.text)

    def _least_used_lane(self) -> _Lane:
        """The first lane with room (so that connections are used again), a new one, or the least full."""
        for lane in self._lanes:
            if lane.calls < LANE_CONNECTIONS:
                return lane
        if len(self._lanes) < self._lanes_max:
            self._lanes.append(_Lane(self._new_client()))
            return self._lanes[-1]
        return min(self._lanes, key=lambda lane: lane.calls)

    def _new_client(self) -> "httpx2.AsyncClient":
        import httpx2  # noqa: PLC0415  # see above

        # One context for all lanes: loading the system's certificates takes some 80 ms.
        self._tls = self._tls or httpx2.create_ssl_context()
        return httpx2.AsyncClient(
            timeout=httpx2.Timeout(
                self._answer_seconds, connect=CONNECT_SECONDS, write=WRITE_SECONDS, pool=None
            ),
            limits=httpx2.Limits(
                max_connections=LANE_CONNECTIONS, max_keepalive_connections=LANE_CONNECTIONS
            ),
            verify=self._tls,
            follow_redirects=False,
        )


def _tracing() -> dict[str, Any]:
    """Return the request extension that calls WHEN_SENT, if anybody wants to know."""
    when_sent = WHEN_SENT.get()
    if when_sent is None:
        return {}

    async def trace(event: str, _info: object) -> None:  # httpcore awaits it
        if event.endswith("send_request_body.complete"):
            when_sent()

    return {"trace": trace}


def _json_object(response: "httpx2.Response") -> dict[str, Any] | None:
    """Return the body's JSON object; Google's OpenAI route wraps errors in a one-element list."""
    try:
        data = json.loads(response.content)
    except ValueError:  # broken JSON and broken UTF-8 alike
        return None
    if isinstance(data, list) and data:
        data = data[0]
    return data if isinstance(data, dict) else None


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
