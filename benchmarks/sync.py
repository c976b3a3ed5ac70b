"""How fast a sync is, what it costs, and how near it comes to what Meta and the AI allow.

    python -m benchmarks.sync                       the whole table (about ten minutes)
    python -m benchmarks.sync --quick               1,000 conversations, one worker

"of limit" divides by what all workers' analyses in flight allow (64 each); "of 64" by what 64 allow,
however many workers there are: the aim for one `hirocrm up`, which starts two.

The baseline does the same job one contact at a time, with one Graph call, one model call and a
second's pause for each; it is measured over 20 contacts and extrapolated.
"""

import argparse
import json
import time
import urllib.request
from dataclasses import replace
from typing import Any

from hirocrm.cli.bench.install import Install
from hirocrm.cli.bench.measuring import GRAPH_MS, MODEL_MS, NO_LIMIT, PAGE, Case, limit, measure
from hirocrm.sandbox.server import SandboxServer

BASELINE_CONTACTS = 20
BASELINE_PAUSE_SECONDS = 1.0


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
        f"{'case':34} {'s':>7} {'contacts/s':>10} {'limit s':>8} {'of limit':>8} {'of 64':>7} {'binds':18} {'x one':>7} "
        f"{'fetch':>6} {'analysis':>8} {'database':>8} {'429':>4} {'worker MB':>9} {'web MB':>7}"
    )
    print(head)
    print(
        f"{'':34} {'':>7} {'':>10} {'':>8} {'':>8} {'':>7} {'':18} {'':>7} {'CPU ms a contact':>24}"
    )
    print("-" * len(head))
    for case in cases:
        m, n = measure(case), case.conversations
        least_with_64, _ = limit(replace(case, workers=1))
        print(
            f"{case.name:34} {m.seconds:7.2f} {n / m.seconds:10.1f} {m.limit_seconds:8.2f} "
            f"{m.limit_seconds / m.seconds:8.1%} {least_with_64 / m.seconds:7.1%} {m.binding:18} {each * n / m.seconds:7.0f} "
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
            Case("4,500, 2 workers, 12 keys at 300", 4500, workers=2, keys=12, rpm=300),
            Case("20,000, 1 worker, 50 ms a call", 20_000, model_ms=50),
            Case("20,000, 2 workers, 50 ms a call", 20_000, workers=2, model_ms=50),
        ]
    report(cases)
    report_statements()


if __name__ == "__main__":
    main()
