"""`hirocrm demo` as newcomers run it: no account, no key, nobody's servers."""

import re
import signal
import subprocess
import urllib.request
from http.cookiejar import CookieJar

import pytest

from tests.cli.conftest import COMMAND, Install, eventually
from tests.log_guard import guard

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 600  # first start, tables, three syncs and their analyses, on a busy machine
STAGES = [
    "New Lead", "Contacted", "Qualified", "Proposal Sent", "Negotiating", "Closed Won", "Closed Lost",
]  # fmt: skip
SAMPLES = 69  # conversations of the three sample shops
# Score, name, the words behind it.
QUOTED = re.compile(r"^ {2}[ \d]{2}\d  \S.* “.+”$", re.MULTILINE)


def start(install: Install) -> tuple[subprocess.Popen[bytes], str]:
    """Start the demo and wait for what it prints."""
    out, log = install.data_dir / "out.txt", guard.new_file()
    with out.open("wb") as shown, log.open("wb") as said:
        command = [*COMMAND, "demo", "--port", str(install.port)]
        demo = subprocess.Popen(command, env=install.environment, stdout=shown, stderr=said)
    install.started.append(demo)

    def look() -> bool:
        assert demo.poll() is None, log.read_text()
        return re.search(r"\nAPI token +hiro_\S+\n", out.read_text("utf-8")) is not None

    assert eventually(look, seconds=PATIENCE_SECONDS), log.read_text()
    return demo, out.read_text("utf-8")


def open_signed_in(address: str) -> tuple[str, str]:
    """Follow a link as a new browser does: where it ended, and the page."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    with browser.open(address, timeout=60) as answer:
        return answer.url, answer.read().decode()


class TestDemo:
    def test_shows_staged_contacts_with_their_words_lets_in_and_ends(
        self, bare_install: Install
    ) -> None:
        demo, text = start(bare_install)

        counts = re.findall(r"^(\S.*) \((\d+)\)$", text, re.MULTILINE)
        assert [name for name, _ in counts] == STAGES
        assert all(int(count) > 0 for _, count in counts)
        placed = sum(int(count) for _, count in counts)
        assert SAMPLES * 0.8 <= placed <= SAMPLES
        assert len(QUOTED.findall(text)) >= placed * 0.9
        link = re.search(r"^Signed-in link +(http://127\.0\.0\.1:\S+)$", text, re.MULTILINE)
        assert link is not None
        place, page = open_signed_in(link[1])
        assert place == f"http://127.0.0.1:{bare_install.port}/"
        assert "data-board-card" in page

        demo.send_signal(signal.SIGINT)

        assert demo.wait(PATIENCE_SECONDS) == 0
        assert eventually(lambda: bare_install.pids() == [])
