"""`python -m hirocrm.sandbox`: serve until SIGTERM, Ctrl-C, or the end of stdin if asked.

    --host 127.0.0.1 --port 0         where to listen; 0 picks a free port
    --sample                          the demo's Pages and conversations
    --conversations FILE.jsonl        rows of {id, messages: [{from, text}]} as Messenger threads
    --synthetic N                     N made-up conversations (--instagram N: on Instagram too)
    --messages 6                      messages in each made-up conversation
    --page-id ID --page-name NAME     the Page that the two options above fill
    --page-token TOKEN                its access token
    --graph-ms / --gemini-ms / --llm-ms   delay of each answer (the last: OpenAI and Anthropic)
    --gemini-key KEY                  accept only these keys (repeatable; none: any)
    --rpm / --tpm / --rpd N           Gemini quota of every project and model
    --app-id / --app-secret           the Meta app; --require-proof insists on appsecret_proof
    --webhook-url URL                 where deliveries go
    --exit-with-stdin                 stop when stdin closes, so that no orphan stays

When ready it prints one line of JSON: {"port", "graph_url", "instagram_url", "gemini_url", "openai_base_url",
"anthropic_url", "control_url", "pid", "pages": [{"id", "name", "access_token", …}], "user_token"}.
"""

import argparse
import asyncio
import gc
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from hirocrm.sandbox import samples
from hirocrm.sandbox.app import Sandbox
from hirocrm.sandbox.graph.instagram import PREFIX as INSTAGRAM_PREFIX
from hirocrm.sandbox.graph.shapes import INSTAGRAM, MESSENGER, Page
from hirocrm.sandbox.graph.tokens import APP_ID, APP_SECRET
from hirocrm.sandbox.graph.world import now_ms
from hirocrm.sandbox.llm.quota import Limits
from hirocrm.sandbox.state import State

USER_TOKEN = "EAASANDBOXUSER"  # noqa: S105  # the sandbox's own


def parser() -> argparse.ArgumentParser:
    """The command line of the sandbox."""
    parse = argparse.ArgumentParser(
        prog="python -m hirocrm.sandbox", description="Stand-in Meta and AI servers."
    )
    parse.add_argument("--host", default="127.0.0.1")
    parse.add_argument("--port", type=int, default=0)
    parse.add_argument("--sample", action="store_true")
    parse.add_argument("--conversations", type=Path, action="append", default=[])
    parse.add_argument("--synthetic", type=int, default=0)
    parse.add_argument("--instagram", type=int, default=0)
    parse.add_argument("--messages", type=int, default=6)
    parse.add_argument("--page-id", default=samples.DEFAULT_PAGE.id)
    parse.add_argument("--page-name", default=samples.DEFAULT_PAGE.name)
    parse.add_argument("--page-token", default="")
    for name in ("--graph-ms", "--gemini-ms", "--llm-ms"):
        parse.add_argument(name, type=float, default=0)
    parse.add_argument("--gemini-key", action="append", default=[])
    for name in ("--rpm", "--tpm", "--rpd"):
        parse.add_argument(name, type=int, default=0)
    parse.add_argument("--app-id", default=APP_ID)
    parse.add_argument("--app-secret", default=APP_SECRET)
    parse.add_argument("--require-proof", action="store_true")
    parse.add_argument("--webhook-url", default="")
    parse.add_argument("--exit-with-stdin", action="store_true")
    return parse


def configure(sandbox: State, options: argparse.Namespace) -> None:
    """Set what doesn't need the port."""
    tokens = sandbox.world.tokens
    tokens.app_id, tokens.app_secret = options.app_id, options.app_secret
    tokens.requires_proof = options.require_proof
    tokens.issue("USER", value=USER_TOKEN)
    sandbox.world.settings.webhook_url = options.webhook_url
    sandbox.latency_ms.update(
        graph=options.graph_ms, gemini=options.gemini_ms,
        openai=options.llm_ms, anthropic=options.llm_ms,
    )  # fmt: skip
    sandbox.gemini.keys = set(options.gemini_key) or None
    if options.rpm or options.tpm or options.rpd:
        sandbox.gemini.quota.set(Limits(options.rpm, options.tpm, options.rpd))


def fill(sandbox: State, options: argparse.Namespace, *, base_url: str) -> None:
    """Add the asked conversations."""
    world = sandbox.world
    if options.sample:
        samples.load_demo(world, base_url=base_url)
    if not (options.conversations or options.synthetic or options.instagram or not options.sample):
        return
    usual = samples.DEFAULT_PAGE
    page = Page(
        options.page_id, options.page_name, instagram_id=usual.instagram_id,
        instagram_username=usual.instagram_username,
    )  # fmt: skip
    world.add_page(page, token=options.page_token)
    for path in options.conversations:
        samples.load_file(world, path, page=page, base_url=base_url)
    for platform, count in ((MESSENGER, options.synthetic), (INSTAGRAM, options.instagram)):
        if count:
            shelf = world.shelves[page.id, platform]
            shelf.add_range(
                count=count, newest_ms=now_ms() - 60_000, step_ms=60_000, messages=options.messages
            )


def ready_line(sandbox: Sandbox, *, base_url: str, port: int) -> dict[str, Any]:
    """What whoever started us needs to know."""
    state = sandbox.control.state()
    return {
        "port": port, "graph_url": base_url, "instagram_url": base_url + INSTAGRAM_PREFIX,
        "gemini_url": base_url,
        "openai_base_url": f"{base_url}/v1", "anthropic_url": base_url,
        "control_url": f"{base_url}/_control", "pid": os.getpid(), "pages": state["pages"],
        "user_token": USER_TOKEN, "app": state["app"],
    }  # fmt: skip


async def run(options: argparse.Namespace) -> None:
    """Serve until told to stop."""
    sandbox = Sandbox()
    configure(sandbox.state, options)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if options.exit_with_stdin:
        loop.add_reader(sys.stdin.fileno(), _watch_stdin, stop)
    server = await sandbox.serve(host=options.host, port=options.port)
    port = server.sockets[0].getsockname()[1]
    base_url = f"http://{options.host}:{port}"
    fill(sandbox.state, options, base_url=base_url)
    gc.freeze()  # what is loaded now stays; collections look at new objects only
    sys.stdout.write(json.dumps(ready_line(sandbox, base_url=base_url, port=port)) + "\n")
    sys.stdout.flush()
    await stop.wait()
    server.close()
    await sandbox.close()


def _watch_stdin(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        stop.set()


def main() -> int:
    """Run with the process's arguments."""
    options = parser().parse_args()
    try:
        asyncio.run(run(options))
    except OSError as exc:
        sys.stderr.write(f"The sandbox can't start: {exc}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
