"""`hirocrm bench`: how fast this machine syncs, measured on an install of its own."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from hirocrm.cli.bench.measuring import Case, Measured


def bench(
    conversations: Annotated[
        int, typer.Option(min=20, max=100_000, help="How many to fetch and analyse.")
    ] = 1_000,
    workers: Annotated[
        int, typer.Option(min=0, max=16, help="Worker processes; 0: as many as `up` would start.")
    ] = 0,
    model_ms: Annotated[
        int, typer.Option(min=1, max=60_000, help="How long a model call takes, in milliseconds.")
    ] = 500,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Measure a whole sync on a temporary install with its own database; nothing of yours is touched."""
    from hirocrm.cli.bench.measuring import Case, measure
    from hirocrm.cli.progress import working
    from hirocrm.cli.up import default_workers

    case = Case("bench", conversations, workers=workers or default_workers(), model_ms=model_ms)
    with working("Starting a temporary install, then syncing it …"):
        measured = measure(case)
    print(json.dumps(_figures(case, measured)) if as_json else _table(case, measured))


def _figures(case: "Case", measured: "Measured") -> dict[str, object]:
    each = 1000 / case.conversations
    return {
        "conversations": case.conversations,
        "workers": case.workers,
        "seconds": round(measured.seconds, 2),
        "contactsPerSecond": round(case.conversations / measured.seconds, 1),
        "limitSeconds": round(measured.limit_seconds, 2),
        "shareOfLimit": round(measured.limit_seconds / measured.seconds, 3),
        "limitedBy": measured.binding,
        "cpuMillisecondsPerContact": {
            "worker": round(measured.worker_cpu * each, 2),
            "database": round(measured.database_cpu * each, 2),
            "web": round(measured.web_cpu * each, 2),
        },
        "peakMegabytes": {
            "worker": round(measured.worker_peak),
            "web": round(measured.web_peak),
        },
    }


def _table(case: "Case", measured: "Measured") -> str:
    from hirocrm.cli.bench.measuring import GRAPH_MS

    rate = case.conversations / measured.seconds
    share = measured.limit_seconds / measured.seconds
    each = 1000 / case.conversations
    worker, database = measured.worker_cpu * each, measured.database_cpu * each
    lines = (
        f"{case.conversations:,} conversations over HTTP from a stand-in Meta and AI on this machine,",
        f"{GRAPH_MS} ms a Graph call, {case.model_ms} ms a model call, workers: {case.workers}",
        "",
        f"  time       {measured.seconds:.1f} s, {rate:.0f} contacts a second",
        f"  at best    {measured.limit_seconds:.1f} s ({measured.binding}); reached: {share:.0%}",
        f"  processor  {worker:.1f} ms a contact in the workers, {database:.1f} ms in the database",
        f"  memory     {measured.worker_peak:.0f} MB a worker, {measured.web_peak:.0f} MB the web server",
    )
    return "\n".join(lines)
