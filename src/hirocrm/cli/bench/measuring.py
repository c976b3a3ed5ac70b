"""One measured sync: a fresh install, the sandbox's conversations, and the least time Graph and the AI allow.

One run on the sandbox, over real HTTP. The limit is whichever binds: Graph calls (two a second, 100
conversations each), the analyses in flight, or the keys' quota.
"""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hirocrm.cli.bench.install import Install, cpu_seconds, peak_megabytes
from hirocrm.cli.refusals import CommandFailed
from hirocrm.sandbox.server import SandboxServer

GRAPH_MS = 300
MODEL_MS = 500
PAGE = 100
GRAPH_CALLS_PER_SECOND = 2.0
IN_FLIGHT = 64  # per worker
NO_LIMIT = {"GOOGLE_AI_RPM": "0", "GOOGLE_AI_TPM": "0", "GOOGLE_AI_RPD": "0"}


@dataclass(frozen=True)
class Case:
    """One line of the table."""

    name: str
    conversations: int
    workers: int = 1
    keys: int = 1
    rpm: int = 0
    model_ms: int = MODEL_MS


@dataclass(frozen=True)
class Measured:
    """What one case took."""

    seconds: float
    limit_seconds: float
    binding: str
    worker_cpu: float
    fetch_cpu: float
    database_cpu: float
    web_cpu: float
    worker_peak: float
    web_peak: float
    run: dict[str, Any]
    refused_by_quota: int


def limit(case: Case) -> tuple[float, str]:
    """The least time that Graph, the analyses in flight and the quota allow, and which of them binds."""
    pages = math.ceil(case.conversations / PAGE)
    graph = GRAPH_MS / 1000 + max(0, pages - 2) / GRAPH_CALLS_PER_SECOND
    flight = GRAPH_MS / 1000 + case.conversations * case.model_ms / 1000 / (
        IN_FLIGHT * case.workers
    )
    quota = 0.0
    if case.rpm:
        # A quota is so many requests in any 60 s: a minute's worth as fast as they go, then the next.
        allowed = case.rpm * case.keys
        minutes = (case.conversations - 1) // allowed
        rest = (case.conversations - minutes * allowed) * case.model_ms / 1000
        quota = GRAPH_MS / 1000 + 60.0 * minutes + rest / (IN_FLIGHT * case.workers)
    return max((graph, "Graph calls"), (flight, "analyses in flight"), (quota, "quota"))


def measure(case: Case) -> Measured:
    """Sync a fresh install, then sync it again in full to see what fetching alone costs."""
    flags = ["--synthetic", str(case.conversations), "--graph-ms", str(GRAPH_MS)]
    flags += ["--gemini-ms", str(case.model_ms), "--rpm", str(case.rpm)]
    keys = {
        f"GOOGLE_AI_API_KEY{f'_{n}' if n > 1 else ''}": f"bench-key-{n:02}"
        for n in range(1, case.keys + 1)
    }
    settings = {**NO_LIMIT, **keys, **({"GOOGLE_AI_RPM": str(case.rpm)} if case.rpm else {})}
    with SandboxServer(*flags) as sandbox, Install(sandbox, settings, case.workers) as install:
        page_id = install.connect(sandbox.page)
        before = _cpu(install)
        run = install.sync(page_id)
        after = _cpu(install)
        again = install.sync(page_id, full=True)
        last = _cpu(install)
        least, binding = limit(case)
        if (run["analyzed"], again["analyzed"]) != (case.conversations, 0):
            raise CommandFailed(f"The sync did not do its job: {run}, then {again}.")
        pids = install.processes()
        statuses = [key["statuses"] for key in sandbox.gemini.keys().values()]
        return Measured(
            seconds=_elapsed(run),
            limit_seconds=least,
            binding=binding,
            worker_cpu=after["worker"] - before["worker"],
            fetch_cpu=last["worker"] - after["worker"],
            database_cpu=after["postgres"] - before["postgres"],
            web_cpu=after["web"] - before["web"],
            worker_peak=peak_megabytes(pids["worker"]),
            web_peak=peak_megabytes(pids["web"]),
            run=run,
            refused_by_quota=sum(int(status.get("429", 0)) for status in statuses),
        )


def _cpu(install: Install) -> dict[str, float]:
    return {name: cpu_seconds(pids) for name, pids in install.processes().items()}


def _elapsed(run: dict[str, Any]) -> float:
    start, end = (datetime.fromisoformat(run[name]) for name in ("startedAt", "finishedAt"))
    return (end - start).total_seconds()
