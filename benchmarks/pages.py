"""How quick the pages are with 100,000 contacts, 50,000 of them in one stage.

    python -m benchmarks.pages                      the whole table (some minutes, most of it filling)
    python -m benchmarks.pages --contacts 10000     a smaller organization
    python -m benchmarks.pages --keep FOLDER        keep the filled install there, and use it again

One run on the embedded database: real HTTP over one connection, as a browser that asks for one page after the
other. A page's time is from the request's first byte to the answer's last. The promise: p95 under 100 ms, at most 15 SQL
statements, and a first visit under 200 KB as it comes over the wire.
"""

import argparse
import http.client
import json
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from benchmarks.crowd import FIRST, LAST, RARE, WORDS
from benchmarks.other_crm import report_bottlecrm
from hirocrm.cli.bench.install import Install
from hirocrm.sandbox.server import SandboxServer

EMAIL = "b@example.com"  # of `Install`
REQUESTS = 200
WARM_UP = 10
MOST_MS, MOST_STATEMENTS, MOST_KILOBYTES = 100, 15, 200
FILTERS: tuple[dict[str, object], ...] = (
    {"channel": "messenger", "status": "NEW"},
    {"min": 60, "max": 80},
    {"review": 1},
    {"tag": "tag-3"},
    {"since": 7},
    {"status": "QUALIFIED", "min": 50, "sort": "-leadScore"},
    {"waiting": 1, "since": 30},
    {"sentiment": "neutral", "urgency": "low"},
)


@dataclass(frozen=True)
class Request:
    """One request."""

    path: str
    method: str = "GET"
    body: dict[str, object] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """The request as `benchmarks.counting` reads it."""
        return {
            "method": self.method,
            "path": self.path,
            "body": urlencode(self.body),
            "headers": self.headers,
        }


Maker = Callable[[random.Random, dict[str, Any]], Request]


def _get(path: str, **query: object) -> Request:
    return Request(f"{path}?{urlencode(query)}" if query else path)


def _list(dice: random.Random, facts: dict[str, Any]) -> Request:
    sort = dice.choice(list(facts["cursors"]))
    return _get("/contacts", sort=sort, cursor=dice.choice(facts["cursors"][sort]))


def _first_page(dice: random.Random, facts: dict[str, Any]) -> Request:
    return _get("/contacts", sort=dice.choice(list(facts["cursors"])))


def _search(dice: random.Random, _facts: dict[str, Any]) -> Request:
    kinds = (
        lambda: dice.choice(FIRST),
        lambda: f"{dice.choice(FIRST)} {dice.choice(LAST)[:4]}",
        lambda: dice.choice(RARE),
        lambda: dice.choice(WORDS),
        lambda: f"{dice.choice(WORDS)} {dice.choice(RARE)}",
    )
    return _get("/contacts", q=dice.choice(kinds)())


def _filter(dice: random.Random, facts: dict[str, Any]) -> Request:
    if dice.random() < 0.2:
        return _get("/contacts", stage=dice.choice(facts["stages"]))
    return _get("/contacts", **dice.choice(FILTERS))


def _cards(dice: random.Random, facts: dict[str, Any]) -> Request:
    path = f"/board/{facts['pipeline']}/stages/{facts['full_stage']}/cards"
    made = _get(path, cursor=dice.choice(facts["card_cursors"]))
    return Request(made.path, headers={"HX-Request": "true"})


def _move(dice: random.Random, facts: dict[str, Any]) -> Request:
    contact = dice.choice(facts["contacts"])
    return Request(
        f"/contacts/{contact}/move",
        "POST",
        {"stage": dice.choice(facts["stages"])},
        {"HX-Request": "true", "HX-Target": f"card-{contact}", "HX-Current-URL": "/board"},
    )


def _answer(_dice: random.Random, facts: dict[str, Any]) -> Request:
    """An answer that leaves the next question on the page; each suggestion is answered once."""
    return Request(
        f"/review/{facts['suggestions'].pop()}/answer",
        "POST",
        {"stage": ""},
        {"HX-Request": "true", "HX-Target": "review"},
    )


PAGES: dict[str, Maker] = {
    "list, first page": _first_page,
    "list, deep in it": _list,
    "search": _search,
    "filter": _filter,
    "board": lambda _dice, _facts: _get("/board"),
    "board, filtered": lambda dice, _facts: _get("/board", **dice.choice(FILTERS)),
    "next cards": _cards,
    "contact": lambda dice, facts: _get(f"/contacts/{dice.choice(facts['contacts'])}"),
    "contact, timeline": lambda dice, facts: _get(
        f"/contacts/{dice.choice(facts['contacts'])}", tab="activity"
    ),
    "move": _move,
    "review": lambda _dice, _facts: _get("/review"),
    "review, an answer": _answer,
}


class Visitor:
    """A signed-in browser with one connection that is kept open."""

    def __init__(self, port: int, sign_in_path: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.cookies: SimpleCookie = SimpleCookie()
        self.csrf = ""
        self.ask(Request(sign_in_path))
        page = self.ask(Request("/review"))[1].decode()
        found = re.search(r'X-CSRFToken": "([^"]+)', page.replace("&quot;", '"'))
        assert found, "the page holds no CSRF token"
        self.csrf = found[1]

    def ask(self, request: Request, *, encoding: str = "identity") -> tuple[float, bytes]:
        """Milliseconds from the request to the whole answer, and the answer."""
        body = urlencode(request.body) if request.method == "POST" else None
        headers = {
            "Cookie": "; ".join(f"{name}={one.value}" for name, one in self.cookies.items()),
            "Accept-Encoding": encoding,
            "X-CSRFToken": self.csrf,
            "Content-Type": "application/x-www-form-urlencoded",
            **request.headers,
        }
        started = time.perf_counter()
        self.connection.request(request.method, request.path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        elapsed = 1000 * (time.perf_counter() - started)
        for line in answer.headers.get_all("Set-Cookie") or []:
            self.cookies.load(line)
        if answer.status >= 400:
            raise SystemExit(f"{request.method} {request.path}: {answer.status}")
        return elapsed, content


def measure(
    name: str, make: Maker, visitor: Visitor, facts: dict[str, Any], statements: int
) -> bool:
    """Print a page's line; whether it keeps the promise."""
    dice = random.Random(name)
    for _ in range(WARM_UP):
        visitor.ask(make(dice, facts))
    times = [visitor.ask(make(dice, facts), encoding="gzip")[0] for _ in range(REQUESTS)]
    p95 = statistics.quantiles(times, n=20)[-1]
    keeps = p95 < MOST_MS and statements <= MOST_STATEMENTS
    print(
        f"{name:22} {statistics.median(times):8.1f} {p95:8.1f} {max(times):8.1f} {statements:10} "
        f"{'' if keeps else '  over'}",
        flush=True,
    )
    return keeps


def count_statements(install: Install, facts: dict[str, Any]) -> list[int]:
    """The most statements of each page, over a few of its requests."""
    dice = random.Random(1)
    requests = [[make(dice, facts).as_json() for _ in range(8)] for make in PAGES.values()]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.counting", EMAIL],
        input=json.dumps([one for several in requests for one in several]),
        env=install.environment, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    counts = json.loads(done.stdout)
    return [max(counts[start : start + 8]) for start in range(0, len(counts), 8)]


def first_load(install: Install, visitor: Visitor) -> float | None:
    """Kilobytes that a browser with an empty cache fetches for the board; None where there is no Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        return None
    from playwright.sync_api import sync_playwright

    received: list[int] = []
    address = f"http://127.0.0.1:{install.port}"
    cookies = [
        {"name": name, "value": one.value, "url": address} for name, one in visitor.cookies.items()
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        context = browser.new_context()
        context.add_cookies(cookies)  # type: ignore[arg-type]  # these are cookies
        page = context.new_page()
        network = context.new_cdp_session(page)
        network.on(
            "Network.loadingFinished", lambda event: received.append(event["encodedDataLength"])
        )
        network.send("Network.enable")
        page.goto(f"{address}/board")
        page.wait_for_timeout(2000)
        browser.close()
    return sum(received) / 1024


@contextmanager
def filled_install(contacts: int, keep: Path | None) -> Iterator[tuple[Install, dict[str, Any]]]:
    """An install with so many contacts, and what there is to ask for."""
    with SandboxServer("--synthetic", "1") as sandbox, Install(sandbox, keep=keep) as install:
        print(f"Writing {contacts:,} contacts…", flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "benchmarks.crowd", EMAIL, str(contacts)],
            env=install.environment, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        yield install, json.loads(done.stdout)


def report(install: Install, facts: dict[str, Any], wanted: str) -> bool:
    """Print the table; whether everything is as promised."""
    counts = count_statements(install, facts)
    link = install.run("link", "--email", EMAIL).strip()
    visitor = Visitor(install.port, "/sign-in/" + link.partition("/sign-in/")[2])
    print(f"\n{'page':22} {'p50 ms':>8} {'p95 ms':>8} {'max ms':>8} {'statements':>10}")
    kept = [
        measure(name, make, visitor, facts, statements)
        for (name, make), statements in zip(PAGES.items(), counts, strict=True)
        if wanted in name
    ]
    kilobytes = first_load(install, visitor)
    if kilobytes is None:
        print("\nFirst load: not measured, since there is no Chromium here.")
    else:
        print(f"\nFirst load of the board: {kilobytes:.0f} KB over the wire")
        kept.append(kilobytes < MOST_KILOBYTES)
    return all(kept)


def main() -> None:
    """Read the command line and print the table; exit code 1 if a promise isn't kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="a folder for the filled install")
    parser.add_argument("--only", default="", help="only the pages whose name holds this")
    options = parser.parse_args()
    with filled_install(options.contacts, options.keep) as (install, facts):
        kept = report(install, facts, options.only)
    report_bottlecrm()
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
