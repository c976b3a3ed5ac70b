"""How fast a sync is, what it costs, and how near it comes to what Meta and the AI allow.

    python benchmarks/sync.py                       the whole table (about ten minutes)
    python benchmarks/sync.py --quick               1,000 conversations, one worker

One run on the sandbox, over real HTTP: 300 ms a Graph call, 500 ms a model call. The limit is
whichever binds: Graph calls (two a second, 100 conversations each), 64 analyses in flight per worker,
or the keys' quota. The baseline does the same job one contact at a time, with one Graph call, one model
call and a second's pause for each; it is measured over 20 contacts and extrapolated.
"""

import argparse
import json
import math
import time
import urllib.request
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from benchmarks.measure import Install, cpu_seconds, peak_megabytes
from hirocrm.sandbox.server import SandboxServer

GRAPH_MS = 300
MODEL_MS = 500
PAGE = 100
GRAPH_CALLS_PER_SECOND = 2.0
IN_FLIGHT = 64
BASELINE_CONTACTS = 20
BASELINE_PAUSE_SECONDS = 1.0
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
        # A quota is so many requests in any 60 s: a first minute's worth at once, then the next.
        allowed = case.rpm * case.keys
        quota = 60.0 * ((case.conversations - 1) // allowed)
    return max((graph, "Graph calls"), (flight, "analyses in flight"), (quota, "quota"))


def baseline_seconds(sandbox: SandboxServer) -> float:
    """Seconds a contact of the one-at-a-time version: its messages, one model call, then a pause."""
    page = sandbox.page
    graph = {"Authorization": f"Bearer {page.access_token}"}
    listing = _call(
        f"{sandbox.graph_url}/v25.0/{page.id}/conversations?platform=messenger&limit={PAGE}"
        "&fields=id,updated_time,participants",
        headers=graph,
    )
    contacts = listing["data"][:BASELINE_CONTACTS]
    started = time.perf_counter()
    for row in contacts:
        messages = _call(
            f"{sandbox.graph_url}/v25.0/{row['id']}/messages?fields=id,message,from,created_time&limit=20",
            headers=graph,
        )
        prompt = "\n".join(item.get("message", "") for item in messages["data"])
        _call(
            f"{sandbox.gemini_url}/v1beta/models/gemini-3.5-flash-lite:generateContent",
            headers={"x-goog-api-key": "baseline", "Content-Type": "application/json"},
            body={"contents": [{"role": "user", "parts": [{"text": f"Summarise:\n{prompt}"}]}]},
        )
        time.sleep(BASELINE_PAUSE_SECONDS)
    return (time.perf_counter() - started) / len(contacts)


def _call(url: str, *, headers: dict[str, str], body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers=headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read())


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
        assert (run["analyzed"], again["analyzed"]) == (case.conversations, 0), (run, again)
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


def statements_per_contact(conversations: int = 200) -> float:
    """SQL statements a contact of a first sync, counted in PostgreSQL's own log."""
    with SandboxServer("--synthetic", str(conversations)) as sandbox:
        settings = {**NO_LIMIT, "GOOGLE_AI_API_KEY": "bench"}
        with Install(sandbox, settings) as install:
            page_id = install.connect(sandbox.page)
            install.run("manage", "shell", "-v", "0", "-c", LOG_STATEMENTS)
            time.sleep(1)
            before = _logged(install)
            install.sync(page_id)
            return (_logged(install) - before) / conversations


LOG_STATEMENTS = """
from django.db import connection
cursor = connection.cursor()
cursor.execute("ALTER SYSTEM SET log_statement = 'all'")
cursor.execute("SELECT pg_reload_conf()")
"""


def _logged(install: Install) -> int:
    """How many statements of jobs PostgreSQL has logged; the queue's own and this script's polling aside."""
    text = "".join(path.read_text(errors="replace") for path in install.folder.rglob("*.log"))
    lines = [
        line
        for line in text.splitlines()
        if " LOG:  " in line and ("statement: " in line or "execute " in line)
    ]
    return sum("procrastinate" not in line and "organizations_" not in line for line in lines)


def report(cases: list[Case]) -> None:
    """Measure every case and print one table."""
    with SandboxServer(
        "--synthetic", "50", "--graph-ms", str(GRAPH_MS), "--gemini-ms", str(MODEL_MS)
    ) as sandbox:
        each = baseline_seconds(sandbox)
    print(
        f"One at a time: {each:.3f} s a contact ({BASELINE_CONTACTS} measured, then extrapolated)\n"
    )
    head = (
        f"{'case':34} {'s':>7} {'contacts/s':>10} {'limit s':>8} {'of limit':>8} {'binds':18} {'x one':>7} "
        f"{'fetch':>6} {'analysis':>8} {'database':>8} {'429':>4} {'worker MB':>9} {'web MB':>7}"
    )
    print(head)
    print(f"{'':34} {'':>7} {'':>10} {'':>8} {'':>8} {'':18} {'':>7} {'CPU ms a contact':>24}")
    print("-" * len(head))
    for case in cases:
        m, n = measure(case), case.conversations
        print(
            f"{case.name:34} {m.seconds:7.2f} {n / m.seconds:10.1f} {m.limit_seconds:8.2f} "
            f"{m.limit_seconds / m.seconds:8.1%} {m.binding:18} {each * n / m.seconds:7.0f} "
            f"{1000 * m.fetch_cpu / n:6.2f} {1000 * (m.worker_cpu - m.fetch_cpu) / n:8.2f} "
            f"{1000 * m.database_cpu / n:8.2f} {m.refused_by_quota:4} {m.worker_peak:9.0f} {m.web_peak:7.0f}",
            flush=True,
        )


def report_statements() -> None:
    """Print how many SQL statements a contact takes."""
    print(f"\nSQL statements a contact (first sync, queue aside): {statements_per_contact():.2f}")


def main() -> None:
    """Read the command line and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="1,000 conversations, one worker")
    parser.add_argument("--conversations", type=int, default=1000)
    options = parser.parse_args()
    n = options.conversations
    cases = [Case(f"{n:,} conversations, 1 worker", n)]
    if not options.quick:
        cases += [
            Case(f"{n:,} conversations, 2 workers", n, workers=2),
            Case("4,500, 12 keys at 300 a minute", 4500, keys=12, rpm=300),
            Case("20,000, 1 worker, 50 ms a call", 20_000, model_ms=50),
            Case("20,000, 2 workers, 50 ms a call", 20_000, workers=2, model_ms=50),
        ]
    report(cases)
    report_statements()


if __name__ == "__main__":
    main()
