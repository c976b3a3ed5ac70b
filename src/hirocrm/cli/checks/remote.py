"""Checks that ask Meta."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from hirocrm.cli.checks.findings import Finding, fail, ok, warn

if TYPE_CHECKING:
    from hirocrm.analysis.providers.protocol import Provider
    from hirocrm.meta.models import Page

SKEW_WARN_SECONDS = 60.0  # tokens and signatures carry times; Meta allows a few minutes
PAGES_ASKED = 50
PAGES_AT_ONCE = 10
KEYS_ASKED = 50
TIMEOUT_SECONDS = 10.0
IN_NEED_WORDS = {  # by the Page's state
    "needs_reconnect": "{name} needs reconnecting.",
    "needs_permission": "{name} lacks a permission.",
    "removed": "{name}: the app was removed from it at Meta.",
}


def check_graph() -> list[Finding]:
    """Whether the Graph API answers, how long its version lives, and whether our clock is right."""
    import httpx2
    from django.conf import settings

    from hirocrm.core import clock
    from hirocrm.meta.graph.versions import warning_for

    version = settings.FACEBOOK_GRAPH_VERSION
    warning = warning_for(version, clock.now().date())
    findings = [
        warn("graph", warning, "") if warning else ok("graph", f"Version {version} is current.")
    ]
    try:
        answer = httpx2.get(f"{settings.FACEBOOK_GRAPH_URL}/{version}/", timeout=TIMEOUT_SECONDS)
    except httpx2.HTTPError as exc:
        detail = f"{settings.FACEBOOK_GRAPH_URL} doesn't answer ({type(exc).__name__})."
        advice = "Check the network, proxy and firewall; syncs wait meanwhile."
        return [*findings, warn("graph", detail, advice)]
    return [*findings, *_check_clock(answer.headers.get("Date", ""), clock.now())]


def _check_clock(date: str, now: datetime) -> list[Finding]:
    """Compare with the time an HTTP answer carries (in whole seconds)."""
    if not date:
        return []
    skew = (now - parsedate_to_datetime(date)).total_seconds()
    if abs(skew) > SKEW_WARN_SECONDS:
        direction = "ahead" if skew > 0 else "behind"
        detail = f"This machine's clock is {abs(skew):.0f} s {direction}."
        return [warn("clock", detail, "Switch on time synchronisation (NTP).")]
    return [ok("clock", "Right to the second or two.")]


def check_pages() -> list[Finding]:
    """How each Page's connection is: the same look as the daily one, but nothing is changed by it."""
    from django.db.models import F

    from hirocrm.meta.models import ConnectionState, Page

    idle = (ConnectionState.IMPORTED, ConnectionState.FORGOTTEN)
    rows = Page.objects.exclude(state__in=idle)
    # The longest unseen first: of hundreds of Pages, those are asked.
    pages = list(rows.order_by(F("checked_at").asc(nulls_first=True), "name")[:PAGES_ASKED])
    if not pages:
        return [warn("pages", "No Page is connected.", "Connect one, or import an archive.")]
    findings = asyncio.run(_examine_all(pages))
    others = rows.count() - len(pages)
    if others:
        findings.append(ok("pages", f"{others} more were looked at by the worker."))
    return findings


async def _examine_all(pages: "Sequence[Page]") -> list[Finding]:
    gate = asyncio.Semaphore(PAGES_AT_ONCE)
    return list(await asyncio.gather(*(_examine(page, gate) for page in pages)))


async def _examine(page: "Page", gate: asyncio.Semaphore) -> Finding:
    from hirocrm.core import clock
    from hirocrm.meta import checkup, health
    from hirocrm.meta.models import ConnectionState

    name = f"“{page.name}”"
    if not page.access_token:
        return _without_token(page)
    async with gate:
        found = await checkup.examine(page, now=clock.now(), repair=False)
    if found.state is None:
        return warn("page", f"{name} couldn't be asked.", found.reason or "Try again later.")
    if found.state is ConnectionState.LIMITED:
        return _limited(page, found.limited_until, found.reason)
    if found.state is ConnectionState.HEALTHY:
        if health.state_at(page, clock.now()) is ConnectionState.LIMITED:
            return _limited(page, page.limited_until, page.state_reason)
        return _check_events(page, found.subscription.fields)
    return fail("page", IN_NEED_WORDS[found.state].format(name=name), found.reason)


def _without_token(page: "Page") -> Finding:
    """Nobody to ask as; what is known of the Page is why."""
    state = "removed" if page.state == "removed" else "needs_reconnect"
    return fail("page", IN_NEED_WORDS[state].format(name=f"“{page.name}”"), page.state_reason)


def _limited(page: "Page", until: datetime | None, reason: str) -> Finding:
    """A pause; also one that only sending has, while everything else works."""
    end = f"until {until.astimezone(UTC):%d %b %Y, %H:%M} UTC" if until else "for now"
    return warn("page", f"“{page.name}” is limited {end}.", reason)


def _check_events(page: "Page", subscribed: tuple[str, ...] | None) -> Finding:
    """A healthy Page; without its events it has to be synced for news."""
    name = f"“{page.name}”"
    if subscribed is not None and "messages" not in subscribed:
        advice = "The worker subscribes them again within a day; or check the Page's connection on its card."
        return warn("page", f"{name}: the token works, but no events are delivered.", advice)
    return ok("page", f"{name}: the token works.")


def check_keys() -> list[Finding]:
    """Whether each key of the environment is accepted, and the model still lives: one tiny call each."""
    from hirocrm.analysis import engine
    from hirocrm.analysis.key_pool import keyring

    provider = engine.identity(None).provider
    secrets = keyring.environment_secrets(provider) if provider in keyring.VENDORS else ()
    models = keyring.configured_models(provider) if secrets else ()
    if not secrets or not models:
        return []
    return asyncio.run(_ask_keys(provider, tuple(secrets)[:KEYS_ASKED], models[0]))


async def _ask_keys(provider: str, secrets: "Sequence[str]", model: str) -> list[Finding]:
    from hirocrm.analysis.engine import open_provider
    from hirocrm.analysis.providers.http import ProviderHttp

    async with ProviderHttp(concurrency=len(secrets)) as http:
        asker = open_provider(provider, http)
        return list(
            await asyncio.gather(
                *(_ask_key(asker, f"{provider} key …{s[-4:]}", s, model) for s in secrets)
            )
        )


async def _ask_key(asker: "Provider", name: str, secret: str, model: str) -> Finding:
    from hirocrm.analysis.key_pool.keys import check_key
    from hirocrm.analysis.providers.errors import KeyRefused, ModelRetired
    from hirocrm.core.errors import HiroError, UpstreamRateLimited

    try:
        await check_key(asker, secret=secret, model=model)
    except KeyRefused as refusal:
        return fail("key", f"{name}: {refusal.sentence}", "Replace it in the environment.")
    except ModelRetired as refusal:
        return fail("key", f"{name}: {refusal.sentence}", "Name another model.")
    except UpstreamRateLimited as refusal:
        return ok("key", f"{name} works, and rests: {refusal.sentence}")
    except HiroError as refusal:
        return warn("key", f"{name} couldn't be asked: {refusal.sentence}", "Try again later.")
    return ok("key", f"{name} works with {model}.")
