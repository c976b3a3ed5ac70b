"""How fast webhooks are taken in, and whether what was acknowledged is there whatever is killed.

    python -m benchmarks.webhooks                       the whole story (about three minutes)
    python -m benchmarks.webhooks --seconds 10 --rate 1000

Signed POSTs of 1 to 5 messages (of 400 people), 10 % of them sent twice, 5 % late and out of order, against
one web process. The senders are processes of their own, since they cost about as much as the server.

    full speed      as many as are answered, one after the other on 64 connections
    steady          at a fixed rate: what Meta would see
    until shown     from the last answer until its message is in the contact's conversation
    worker stopped  the same at the fixed rate, with SIGSTOP for every worker; then all is taken
    web killed      SIGKILL in the middle; every delivery that was answered with 200 is in the database
"""

import argparse
import asyncio
import hashlib
import hmac
import json
import multiprocessing
import os
import random
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import psycopg

from hirocrm.cli.bench.install import Install, cpu_seconds
from hirocrm.sandbox.server import SandboxServer

APP_SECRET = "bench-app-secret"  # noqa: S105  # of the benchmark's own install
PATH = "/api/webhooks/facebook"
PEOPLE = 400
CONNECTIONS = 64
TARGET_PER_SECOND, TARGET_P99_MS = 1_000, 200.0


@dataclass
class Load:
    """What one sender is to do. `rate` 0: as fast as it is answered."""

    port: int
    page_id: str
    sender: int
    seconds: float
    rate: float
    start_ms: int


@dataclass
class Answers:
    """What a sender saw: milliseconds of each answer, and the message ids of what was acknowledged."""

    milliseconds: list[float] = field(default_factory=list)
    refused: int = 0
    lost: int = 0  # no answer at all
    acknowledged: set[str] = field(default_factory=set)
    seconds: float = 0.0


def deliveries(load: Load) -> Iterable[tuple[bytes, list[str]]]:
    """Bodies with the ids of their messages: some come twice, some late."""
    dice = random.Random(load.sender)
    late: list[tuple[bytes, list[str]]] = []
    number = 0
    while True:
        number += 1
        made = _delivery(load, number, dice)
        if dice.random() < 0.05:
            late.append(made)
        else:
            yield made
            if dice.random() < 0.10:
                yield made
        if len(late) > 20:
            yield late.pop(dice.randrange(len(late)))


def _delivery(load: Load, number: int, dice: random.Random) -> tuple[bytes, list[str]]:
    items, mids = [], []
    for part in range(dice.randint(1, 5)):
        mid = f"m_{load.start_ms}_{load.sender}_{number}_{part}"
        person = f"7{dice.randrange(PEOPLE):015d}"
        mids.append(mid)
        items.append({
            "sender": {"id": person}, "recipient": {"id": load.page_id},
            "timestamp": load.start_ms + number * 10 + part,
            "message": {"mid": mid, "text": f"Magkano po yung linen set? {number} \u20b1{part}"},
        })  # fmt: skip
    entry = {"id": load.page_id, "time": load.start_ms, "messaging": items}
    return json.dumps({"object": "page", "entry": [entry]}).encode("ascii"), mids


def request(port: int, body: bytes) -> bytes:
    """The whole HTTP request, signed."""
    signature = hmac.new(APP_SECRET.encode(), body, hashlib.sha256).hexdigest()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
        f"X-Hub-Signature-256: sha256={signature}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def send_all(load: Load) -> Answers:
    """Send until the time is up, on kept connections."""
    answers, source = Answers(), iter(deliveries(load))
    prepared = [(request(load.port, body), mids) for body, mids in _first(source, load)]
    begins = time.perf_counter()
    ends, place = begins + load.seconds, iter(enumerate(prepared))

    async def speak() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", load.port)
        for index, (wire, mids) in place:
            now = time.perf_counter()
            due = begins + index / load.rate if load.rate else now
            if now > ends or due > ends:
                break
            await asyncio.sleep(max(0.0, due - now))
            # From when it was due, so that a stalled server isn't flattered.
            asked = due if load.rate else time.perf_counter()
            try:
                writer.write(wire)
                status = await _status(reader)
            except (OSError, asyncio.IncompleteReadError, IndexError, ValueError):
                answers.lost += 1
                writer.close()
                try:
                    reader, writer = await asyncio.open_connection("127.0.0.1", load.port)
                except OSError:
                    return
                continue
            answers.milliseconds.append((time.perf_counter() - asked) * 1000)
            if status == 200:
                answers.acknowledged.update(mids)
            else:
                answers.refused += 1
        writer.close()

    await asyncio.gather(*(speak() for _ in range(CONNECTIONS // 2)), return_exceptions=True)
    answers.seconds = time.perf_counter() - begins
    return answers


def _first(source: Any, load: Load) -> list[tuple[bytes, list[str]]]:
    count = int(load.seconds * (load.rate or 4_000)) + 100
    return [next(source) for _ in range(count)]


async def _status(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    length = next(int(v.split(b":")[1]) for v in lines if v.lower().startswith(b"content-length"))
    await reader.readexactly(length)
    return int(lines[0].split()[1])


def _sender(load: Load, results: Any) -> None:
    results.put(asyncio.run(send_all(load)))


def run_load(install: Install, page_id: str, *, seconds: float, rate: float) -> Answers:
    """Two senders, each with half of the rate; their answers together."""
    pending = start_load(install, page_id, seconds=seconds, rate=rate)
    return collect(pending)


def start_load(
    install: Install, page_id: str, *, seconds: float, rate: float
) -> tuple[list[Any], Any]:
    """Start the two senders; see `collect`."""
    results: Any = multiprocessing.Queue()
    start_ms = int(time.time() * 1000)
    loads = [Load(install.port, page_id, n, seconds, rate / 2, start_ms) for n in range(2)]
    senders = [multiprocessing.Process(target=_sender, args=(load, results)) for load in loads]
    for sender in senders:
        sender.start()
    return senders, results


def collect(pending: tuple[list[Any], Any]) -> Answers:
    """Wait for the senders; their answers together."""
    senders, results = pending
    total = Answers()
    for _ in senders:
        part: Answers = results.get()
        total.milliseconds += part.milliseconds
        total.refused += part.refused
        total.lost += part.lost
        total.acknowledged |= part.acknowledged
        total.seconds = max(total.seconds, part.seconds)
    for sender in senders:
        sender.join()
    return total


def database_url(install: Install) -> str:
    """The address of the install's embedded database."""
    from hirocrm.config.embedded_postgres.layout import Layout
    from hirocrm.config.embedded_postgres.server import _url

    return _url(Layout(install.folder).socket_dir)


def missing(install: Install, acknowledged: set[str]) -> int:
    """How many acknowledged messages aren't in a conversation."""
    with psycopg.connect(database_url(install)) as connection:
        rows = connection.execute("SELECT remote_id FROM contacts_message")
        return len(acknowledged - {row[0] for row in rows})


def missing_deliveries(install: Install, acknowledged: set[str]) -> int:
    """How many acknowledged messages aren't in a stored delivery."""
    with psycopg.connect(database_url(install)) as connection:
        rows = connection.execute("SELECT body FROM meta_webhookdelivery").fetchall()
    stored = {
        item["message"]["mid"]
        for (body,) in rows
        for item in json.loads(body)["entry"][0]["messaging"]
    }
    return len(acknowledged - stored)


def doubled(install: Install) -> int:
    """How many messages are there more than once, or without their one activity."""
    with psycopg.connect(database_url(install)) as connection:
        row = connection.execute(
            "SELECT (SELECT count(*) FROM contacts_message) - (SELECT count(DISTINCT remote_id) FROM contacts_message)"
            " + abs((SELECT count(*) FROM contacts_message) - (SELECT count(*) FROM contacts_activity WHERE type = 'MESSAGE_RECEIVED'))"
        ).fetchone()
    return int(row[0]) if row else 0


def wait_until_taken(install: Install, *, longest: float = 300) -> float:
    """Seconds until no delivery waits."""
    begins = time.perf_counter()
    with psycopg.connect(database_url(install), autocommit=True) as connection:
        while time.perf_counter() - begins < longest:
            row = connection.execute(
                "SELECT EXISTS (SELECT FROM meta_webhookdelivery WHERE handled_at IS NULL)"
            ).fetchone()
            if row and not row[0]:
                return time.perf_counter() - begins
            time.sleep(0.02)
    return float("nan")


def percentile(values: list[float], share: float) -> float:
    """The value that this share of them doesn't exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("nan")


def describe(name: str, answers: Answers, rest: str = "") -> None:
    """Print a line of the table."""
    times = answers.milliseconds
    rate = (len(times) - answers.refused) / answers.seconds if answers.seconds else 0
    print(
        f"{name:15} {rate:6.0f}/s  p50 {percentile(times, 0.5):6.1f}  p95 {percentile(times, 0.95):6.1f}"
        f"  p99 {percentile(times, 0.99):6.1f} ms  refused {answers.refused}  lost {answers.lost}  {rest}",
        flush=True,
    )


def signal_workers(install: Install, number: signal.Signals) -> None:
    """Send a signal to every worker."""
    for pid in install.processes()["worker"]:
        os.kill(pid, number)


def measure(install: Install, page_id: str, seconds: float, rate: float) -> bool:
    """Print the table; whether every promise was kept."""
    kept = True
    run_load(install, page_id, seconds=2, rate=200)  # so that all is loaded
    wait_until_taken(install)

    web = install.processes()["web"]
    before = cpu_seconds(web)
    fast = run_load(install, page_id, seconds=seconds, rate=0)
    per_delivery = (cpu_seconds(web) - before) / max(1, len(fast.milliseconds)) * 1000
    taken = wait_until_taken(install)
    describe(
        "full speed", fast, f"{per_delivery:.2f} ms CPU of web each; all shown after {taken:.1f} s"
    )

    steady = run_load(install, page_id, seconds=seconds, rate=rate)
    taken = wait_until_taken(install)
    describe(
        "steady",
        steady,
        f"all shown after {taken:.1f} s; missing {missing(install, steady.acknowledged)}",
    )
    kept &= len(steady.milliseconds) / steady.seconds >= TARGET_PER_SECOND * 0.98
    kept &= percentile(steady.milliseconds, 0.99) < TARGET_P99_MS and not steady.refused

    single = run_load(install, page_id, seconds=1, rate=4)
    describe("a few", single, f"until shown {wait_until_taken(install) * 1000:.0f} ms")

    signal_workers(install, signal.SIGSTOP)
    alone = run_load(install, page_id, seconds=seconds, rate=rate)
    signal_workers(install, signal.SIGCONT)
    taken = wait_until_taken(install)
    lost = missing(install, alone.acknowledged)
    describe("worker stopped", alone, f"all shown after {taken:.1f} s; missing {lost}")
    kept &= lost == 0 and percentile(alone.milliseconds, 0.99) < TARGET_P99_MS

    pending = start_load(install, page_id, seconds=4, rate=rate)
    time.sleep(2.5)
    for pid in install.processes()["web"]:
        os.kill(pid, signal.SIGKILL)
    killed = collect(pending)
    install.wait_until_ready()
    wait_until_taken(install)
    lost = missing_deliveries(install, killed.acknowledged) + missing(install, killed.acknowledged)
    describe(
        "web killed",
        killed,
        f"acknowledged {len(killed.acknowledged)}, missing {lost}; doubled {doubled(install)}",
    )
    return kept and lost == 0 and doubled(install) == 0


def main() -> None:
    """Measure, print, and fail if a promise isn't kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rate", type=float, default=1_100)
    options = parser.parse_args()
    settings = {
        "FACEBOOK_APP_SECRET": APP_SECRET,
        "HIROCRM_ANALYZER": "local",
        "HIROCRM_ANALYSIS_DEBOUNCE_SECONDS": "3600",
    }
    with (
        SandboxServer("--synthetic", "1") as sandbox,
        Install(sandbox, settings=settings) as install,
    ):
        install.connect(sandbox.page)
        if not measure(install, sandbox.page.id, options.seconds, options.rate):
            raise SystemExit("A promise wasn't kept.")


if __name__ == "__main__":
    main()
