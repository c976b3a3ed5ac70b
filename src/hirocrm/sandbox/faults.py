"""What goes wrong, for whom, and how many times: the book that tests write while we run.

A fault names a kind and the calls it is for. Kinds that any service can suffer are here; a
service's own kinds (rate limits, blocked prompts, …) are read by that service.
"""

from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from hirocrm.sandbox.wire import Reply, html_reply

PROXY_PAGE = (
    "<html><head><title>502 Bad Gateway</title></head>"
    "<body><center><h1>502 Bad Gateway</h1></center><hr></body></html>"
)


@dataclass(slots=True)
class Call:
    """One request as faults, quotas and the log see it. `key` is the whole token or API key."""

    service: str
    op: str
    method: str
    path: str
    key: str = ""
    model: str = ""
    page: str = ""
    platform: str = ""
    target: str = ""
    prompt: str = ""


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong.

    `match` maps a Call's field to the value (or list of values) it must have. The first `after`
    matching calls pass; the next `times` suffer (None: until cleared). `per` counts both
    separately for each value of that field: per="prompt", times=1 spoils each prompt's first call.
    """

    id: int
    service: str
    kind: str
    match: dict[str, Any] = field(default_factory=dict)
    params: dict[str, Any] = field(default_factory=dict)
    times: int | None = None
    after: int = 0
    per: str = ""
    hits: int = 0
    seen: Counter[str] = field(default_factory=Counter)

    def concerns(self, call: Call) -> bool:
        """Whether this call is one of those that the fault is for."""
        if self.service not in {call.service, "any"}:
            return False
        for name, wanted in self.match.items():
            actual = getattr(call, name, "")
            if actual not in wanted if isinstance(wanted, list) else actual != wanted:
                return False
        return True

    def strikes(self, call: Call) -> bool:
        """Count the call; whether it suffers."""
        if not self.concerns(call):
            return False
        bucket = str(getattr(call, self.per, "")) if self.per else ""
        self.seen[bucket] += 1
        turn = self.seen[bucket] - self.after
        if turn < 1 or (self.times is not None and turn > self.times):
            return False
        self.hits += 1
        return True

    def to_json(self) -> dict[str, Any]:
        """The fault as the control API shows it."""
        shown = ("id", "service", "kind", "match", "params", "times", "after", "per", "hits")
        return {name: getattr(self, name) for name in shown}


class FaultBook:
    """All faults in force."""

    def __init__(self) -> None:
        self._faults: dict[int, Fault] = {}
        self._ids = count(1)

    def add(self, **values: Any) -> Fault:
        """Put a fault in force from now on."""
        fault = Fault(id=next(self._ids), **values)
        self._faults[fault.id] = fault
        return fault

    def remove(self, fault_id: int) -> bool:
        """End one fault; whether there was one."""
        return self._faults.pop(fault_id, None) is not None

    def clear(self, service: str = "") -> None:
        """End all faults, or one service's."""
        self._faults = {i: f for i, f in self._faults.items() if service and f.service != service}

    def striking(self, call: Call) -> list[Fault]:
        """The faults that this call suffers, oldest first."""
        if not self._faults:
            return []
        return [fault for fault in self._faults.values() if fault.strikes(call)]

    def to_json(self) -> list[dict[str, Any]]:
        """All faults in force."""
        return [fault.to_json() for fault in self._faults.values()]


def early_reply(faults: list[Fault]) -> Reply | None:
    """The whole answer, for kinds that any service can suffer and that replace its own."""
    for fault in faults:
        params = fault.params
        if fault.kind == "status":
            body = str(params.get("body", "")).encode()
            kind = params.get("content_type", "application/json")
            return Reply(int(params.get("status", 500)), body, content_type=kind)
        if fault.kind == "html_502":
            return html_reply(PROXY_PAGE, 502)
        if fault.kind == "reset":
            return Reply(200, b"", wire="reset")
        if fault.kind == "hang":
            return Reply(200, b"", wire="hang")
    return None


def spoil(reply: Reply, faults: list[Fault]) -> Reply:
    """Apply the kinds that damage or delay an otherwise right answer."""
    for fault in faults:
        if fault.kind == "slow":
            reply.delay_ms += float(fault.params.get("ms", 1000))
        elif fault.kind == "half":
            reply.wire = "half"
        elif fault.kind == "broken_json":
            reply.body = reply.body[: max(1, len(reply.body) * 2 // 3)]
        elif fault.kind == "empty_body":
            reply.body = b""
    return reply
