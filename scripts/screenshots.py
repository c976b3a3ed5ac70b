"""Pictures of every page, phone and desktop, light and dark, into screenshots/ (which git ignores).

    python scripts/screenshots.py            after `make setup`; needs Chromium
    python scripts/screenshots.py board      only the pages whose name holds "board"
    python scripts/screenshots.py --readme   the README's three, small, into docs/pictures/

The demo is started on a folder of its own, so what is shown is what a newcomer sees. What the demo lacks (a login's
Pages, a run with errors, very long names) is made by scripts/picture_scenes.py after all else was taken.
"""

import base64
import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

OUT = Path("screenshots")
PICTURES = Path("docs/pictures")
SIZES = {"phone": (360, 740), "desktop": (1440, 900)}
THEMES = ("light", "dark")
PAGES = {
    "home": "/",
    "board": "/board",
    "board-filtered": "/board?sentiment=negative",
    "contacts": "/contacts",
    "contacts-search": "/contacts?q=hm+po",
    "contacts-nothing": "/contacts?q=nobody+of+this+name",
    "review": "/review",
    "inbox": "/inbox",
    "quick-replies": "/inbox/quick-replies",
    "welcome": "/welcome",
    "pages": "/pages",
    "connect": "/pages/connect",
    "runs": "/runs",
    "imports": "/imports",
    "pipelines": "/pipelines",
    "settings": "/settings",
    "members": "/settings/members",
    "ai": "/settings/ai",
    "webhooks": "/settings/webhooks",
    "privacy": "/settings/privacy",
    "tokens": "/settings/tokens",
    "password": "/accounts/password/change/",
    "email": "/accounts/email/",
    "sign-out": "/accounts/logout/",
    "not-found": "/nothing-here",
}
SIGNED_OUT = {
    "sign-in": "/accounts/login/",
    "sign-up": "/accounts/signup/",
    "forgotten": "/accounts/password/reset/",
    "forgotten-sent": "/accounts/password/reset/done/",
    "join-too-late": "/join/no-such-invitation",
    "deletion": "/meta/data-deletion/no-such-code",
}
# Pages that are one of many: found by the first such link of a list, then by what is added to it.
FOLLOWED = (
    ("contact", "/contacts", "main a[href*='/contacts/']", ""),
    ("thread", "/inbox", "main a[href*='/inbox/']:not([href*='quick'])", ""),
    ("page", "/pages", "main .card a[href*='/pages/']", ""),
    ("page-remove", "/pages", "main .card a[href*='/pages/']", "/remove"),
    ("run", "/runs", "main a[href*='/runs/']", ""),
    ("run-undo", "/runs", "main a[href*='/runs/']", "/undo"),
    ("pipeline", "/pipelines", "main a[href*='/pipelines/']", ""),
    ("pipeline-try", "/pipelines", "main a[href*='/pipelines/']", "/try"),
    ("pipeline-delete", "/pipelines", "main a[href*='/pipelines/']", "/delete"),
)


def _open_drawer(page: Page) -> None:
    page.locator(".contact-card-name").first.click()
    page.locator("#drawer-body .drawer-contact").wait_for()


def _choose_rows(page: Page) -> None:
    for number in range(2):
        page.locator(".cell-check .checkbox").nth(number).click()


def _try_stages(page: Page) -> None:
    page.get_by_role("button", name="Ask the AI").click()
    page.locator(".tried-who").first.wait_for(timeout=60_000)


def _lose(page: Page) -> None:
    page.locator(".stage-picker select").select_option(label="Closed Lost")


def _make_token(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("Website")
    page.get_by_role("button", name="Make token").click()


def _invite(page: Page) -> None:
    page.get_by_label("E-mail address").fill("ben@example.com")
    page.get_by_role("button", name="Make invitation").click()


def _import_names(page: Page) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(
            "your_facebook_activity/messages/inbox/one/message_1.json", json.dumps(THREAD)
        )
    archive = {"name": "facebook.zip", "mimeType": "application/zip", "buffer": content.getvalue()}
    page.locator("input[type=file]").set_input_files(archive)  # type: ignore[arg-type]  # a dict will do
    page.get_by_role("button", name="Import").click()
    page.get_by_text("Which one is your business?").wait_for()


THREAD = {
    "participants": [{"name": "Mia Cruz"}, {"name": "Ana's Closet"}],
    "messages": [
        {"sender_name": "Mia Cruz", "timestamp_ms": 1_767_225_600_000, "content": "hm po?"}
    ],
    "title": "Conversation",
    "thread_path": "inbox/one",
}
# What a page shows only once somebody did something there: its name, the page, and what they do.
ACTS: dict[str, tuple[str, Callable[[Page], object]]] = {
    "drawer": ("board", _open_drawer),
    "move-to": ("board", lambda page: page.locator("[data-board-menu]").first.click()),
    "filters": ("board", lambda page: page.locator(".filters-menu > summary").click()),
    "account-menu": ("board", lambda page: page.get_by_label("Your account").click()),
    "shortcuts": ("board", lambda page: page.keyboard.press("?")),
    "bulk-bar": ("contacts", _choose_rows),
    "lost-reason": ("contact", _lose),
    "pipeline-tried": ("pipeline-try", _try_stages),
    "token-made": ("tokens", _make_token),
    "invitation-made": ("members", _invite),
    "import-names": ("imports", _import_names),
}
TALLEST = 6_000
SCENES = Path(__file__).with_name("picture_scenes.py")
DEMO_SECONDS = 600
BROWSER = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
]


def main() -> None:
    """Start the demo, visit every page, stop the demo."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    browser_path = next((path for name in BROWSER if (path := shutil.which(name))), None)
    if browser_path is None:
        raise SystemExit("No Chromium was found. Install the package chromium.")
    OUT.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="hirocrm-shots-") as folder:
        demo, link = start_demo(Path(folder))
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
                if wanted == "--readme":
                    take_for_readme(browser, link)
                else:
                    take_all(browser, link, wanted, Path(folder))
        finally:
            demo.send_signal(signal.SIGTERM)
            demo.wait(30)


def start_demo(folder: Path) -> tuple[subprocess.Popen[bytes], str]:
    """The demo's process, and its one-time link once all samples are read."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "demo.log"
    environment = {**os.environ, "HIROCRM_DATA_DIR": str(folder / "data")}
    environment.pop("DATABASE_URL", None)
    demo = subprocess.Popen(
        [sys.executable, "-m", "hirocrm.cli", "demo", "--port", str(port)],
        env=environment, stdout=log.open("wb"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    deadline = time.monotonic() + DEMO_SECONDS
    while time.monotonic() < deadline:
        found = re.search(r"http://\S*/sign-in/\S+", log.read_text(errors="replace"))
        if found:
            return demo, found[0]
        if demo.poll() is not None:
            break
        time.sleep(0.5)
    demo.terminate()
    raise SystemExit(log.read_text(errors="replace"))


def sign_in(browser: Browser, link: str, **options: Any) -> Page:
    """A page of a browser that the link has signed in."""
    page = browser.new_context(**options).new_page()
    page.goto(link)
    page.wait_for_load_state("load")
    return page


def take_for_readme(browser: Browser, link: str) -> None:
    """Board, contact and sync at a size that a README can carry."""
    base = link.partition("/sign-in/")[0]
    page = sign_in(browser, link, viewport={"width": 1280, "height": 800}, color_scheme="light")
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.goto(f"{base}/contacts?q=Maricel+Dizon")
    contact = page.locator("main a[href*='/contacts/']").first.get_attribute("href")
    page.goto(f"{base}/runs")
    run = page.locator("main a[href*='/runs/']").first.get_attribute("href")
    for name, path in {"board": "/board", "contact": contact, "sync": run}.items():
        page.goto(f"{base}{path}")
        page.wait_for_timeout(1000)
        made = page.context.new_cdp_session(page).send(
            "Page.captureScreenshot", {"format": "webp", "quality": 80}
        )
        (PICTURES / f"{name}.webp").write_bytes(base64.b64decode(made["data"]))


def take_all(browser: Browser, link: str, wanted: str, folder: Path) -> None:
    """Sign in once, then take each page in each size and theme."""
    base = link.partition("/sign-in/")[0]
    page = sign_in(browser, link)
    state: Any = page.context.storage_state()
    pages = {**PAGES, **dict(follow(page, base))}
    for name, path in pages.items():
        if wanted in name:
            take(browser, name, base + path, state)
    for name, path in SIGNED_OUT.items():
        if wanted in name:
            take(browser, name, base + path, None)
    for name, (start, act) in ACTS.items():
        if wanted in name:
            take(browser, name, base + pages[start], state, act)
    for name, path in make_scenes(folder).items():
        if wanted in name:
            take(browser, name, base + path, state)


def make_scenes(folder: Path) -> dict[str, str]:
    """Names and addresses of what picture_scenes.py makes in the running demo's database."""
    environment = {**os.environ, "HIROCRM_DATA_DIR": str(folder / "data" / "demo")}
    environment.pop("DATABASE_URL", None)
    command = ["manage", "shell", "-v", "0", "-c", SCENES.read_text("utf-8")]
    made = subprocess.run(
        [sys.executable, "-m", "hirocrm.cli", *command],
        env=environment, stdout=subprocess.PIPE, check=True,
    )  # fmt: skip
    found: dict[str, str] = json.loads(made.stdout.splitlines()[-1])
    return found


def follow(page: Page, base: str) -> Iterator[tuple[str, str]]:
    """The names and addresses of pages that are one of many."""
    for name, start, selector, rest in FOLLOWED:
        page.goto(base + start)
        address = page.locator(selector).first.get_attribute("href")
        if not address:
            raise SystemExit(f"{start} has no link to a page of its kind, so there is no {name}.")
        yield name, address.partition("?")[0] + rest
        if name == "pipeline":
            page.goto(base + address)
            stage = page.locator("main a[href*='/stages/']").first.get_attribute("href")
            yield "stage", stage or ""


def take(
    browser: Browser,
    name: str,
    address: str,
    state: Any,
    act: Callable[[Page], object] | None = None,
) -> None:
    """One page in each size and theme: from top to bottom, or the screen as it is after an act."""
    for size, (width, height) in SIZES.items():
        for theme in THEMES:
            context = browser.new_context(
                storage_state=state,
                color_scheme=theme,
                viewport={"width": width, "height": height},
                has_touch=size == "phone",
                is_mobile=size == "phone",
            )
            page = context.new_page()
            answer = page.goto(address)
            page.wait_for_load_state("load")
            page.wait_for_timeout(500)
            if act is None:
                _stretch(page, width, height)
            else:
                act(page)
                page.wait_for_timeout(500)
            page.screenshot(path=OUT / f"{name}_{size}_{theme}.png")
            print(f"{name:16} {size:8} {theme:6} {answer.status if answer else '?'}")
            context.close()


def _stretch(page: Page, width: int, height: int) -> None:
    """A screen as high as the page: pictures beyond the screen lose the finger's sizes, and the dock floats in them."""
    whole = page.evaluate("document.documentElement.scrollHeight")
    if whole > height:
        page.set_viewport_size({"width": width, "height": min(whole, TALLEST)})
        page.wait_for_timeout(200)


if __name__ == "__main__":
    main()
