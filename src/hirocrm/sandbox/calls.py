"""What was asked: a log of calls, and counts that tests read."""

import time
from collections import Counter, deque
from typing import Any

from hirocrm.sandbox.faults import Call

LOG_LENGTH = 50_000
TIMES_LENGTH = 10_000


def suffix(key: str) -> str:
    """The last six characters of a key: enough to tell them apart, not to use one."""
    return key[-6:]


class KeyCounts:
    """What one API key or token went through."""

    __slots__ = ("calls", "models", "rejected", "statuses", "times")

    def __init__(self) -> None:
        self.calls = 0
        self.rejected = 0
        self.statuses: Counter[str] = Counter()
        self.models: Counter[str] = Counter()
        self.times: deque[tuple[float, int]] = deque(maxlen=TIMES_LENGTH)

    def to_json(self) -> dict[str, Any]:
        """Counts, and (Unix seconds, HTTP status) of each call."""
        return {
            "calls": self.calls,
            "rejected": self.rejected,
            "statuses": dict(self.statuses),
            "models": dict(self.models),
            "times": list(self.times),
        }


class CallLog:
    """The newest calls in order, counts over all, and how many were in flight at once."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything but the calls still in flight."""
        self.entries: deque[tuple[Any, ...]] = deque(maxlen=LOG_LENGTH)
        self.by_op: Counter[str] = Counter()
        self.by_status: Counter[str] = Counter()
        self.keys: dict[tuple[str, str], KeyCounts] = {}
        self.in_flight: Counter[str] = Counter()
        self.in_flight_max: Counter[str] = Counter()
        self.prompts: Counter[str] = Counter()

    def begin(self, call: Call) -> None:
        """Count a call that has arrived."""
        service = call.service
        self.in_flight[service] += 1
        self.in_flight_max[service] = max(self.in_flight_max[service], self.in_flight[service])

    def end(self, call: Call) -> None:
        """Count a call that was answered, or whose caller left."""
        self.in_flight[call.service] = max(0, self.in_flight[call.service] - 1)

    def record(self, call: Call, status: int) -> None:
        """Write down a call and its status."""
        now = time.time()
        self.entries.append(
            (
                now,
                call.service,
                call.op,
                call.method,
                call.path,
                suffix(call.key),
                call.model,
                call.page,
                call.platform,
                status,
            )
        )
        self.by_op[f"{call.service}.{call.op}"] += 1
        self.by_status[f"{call.service}.{status}"] += 1
        counts = self.keys.get((call.service, call.key))
        if counts is None:
            counts = self.keys[call.service, call.key] = KeyCounts()
        counts.calls += 1
        counts.rejected += status == 429
        counts.statuses[str(status)] += 1
        counts.models[call.model] += 1
        counts.times.append((now, status))
        if call.prompt and status == 200:
            self.prompts[call.prompt] += 1

    def to_json(
        self, *, service: str = "", op: str = "", limit: int = 1000
    ) -> list[dict[str, Any]]:
        """The newest `limit` calls that fit, oldest first."""
        names = (
            "time",
            "service",
            "op",
            "method",
            "path",
            "key",
            "model",
            "page",
            "platform",
            "status",
        )
        found: deque[dict[str, Any]] = deque(maxlen=limit)
        for entry in self.entries:
            if (not service or entry[1] == service) and (not op or entry[2] == op):
                found.append(dict(zip(names, entry, strict=True)))
        return list(found)

    def counters(self) -> dict[str, Any]:
        """Counts over all calls since the last reset."""
        repeats = [n for n in self.prompts.values() if n > 1]
        return {
            "ops": dict(self.by_op),
            "statuses": dict(self.by_status),
            "in_flight": dict(self.in_flight),
            "in_flight_max": dict(self.in_flight_max),
            "prompts": {
                "answered": sum(self.prompts.values()),
                "distinct": len(self.prompts),
                "repeated": len(repeats),
                "repeats": sum(repeats) - len(repeats),
            },
        }

    def keys_of(self, service: str) -> dict[str, dict[str, Any]]:
        """What each key of a service went through, by its last six characters."""
        return {suffix(key): c.to_json() for (s, key), c in self.keys.items() if s == service}
