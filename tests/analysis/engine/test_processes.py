"""The key pool with several worker processes at once: real processes, real HTTP, one database."""

import asyncio
import json
import os
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.db import connection

from hirocrm.analysis.models import AnalysisKey
from hirocrm.organizations.models import Organization
from tests.analysis.gemini_payloads import (
    MODEL,
    PER_DAY,
    PER_MINUTE,
    key_invalid,
    model_gone,
    quota_failed,
    result_json,
    said,
    violation,
)
from tests.analysis.vendor_server import Answer, Seen, Vendor, running
from tests.log_guard import guard

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).parents[3]
GRACE_SECONDS = 2.0  # requests that were on their way, on a machine that is busy with other tests
DONE = Answer(said(result_json()).body, delay=0.05)


@dataclass
class Google:
    """Counts as Google does: so many requests of a key in any 60 seconds."""

    rpm: int
    arrivals: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refusals: int = 0

    def answer(self, seen: Seen) -> Answer:
        key, now = seen.headers["x-goog-api-key"], time.monotonic()
        recent = [moment for moment in self.arrivals[key] if moment > now - 60]
        if len(recent) >= self.rpm:
            self.refusals += 1
            return quota_failed(violation(PER_MINUTE, str(self.rpm)), delay="30s")
        self.arrivals[key].append(now)
        return DONE


async def run_workers(
    vendor: Vendor, organization: Organization, *counts: int, patience: float = 150, **env: str
) -> list[Any]:
    """Run one process for each count; returns what each printed, None for one that was stopped."""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.analysis.engine.worker",
            str(organization.id),
            str(count),
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), **worker_env(vendor), **env},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        for count in counts
    ]
    return list(await asyncio.gather(*(_printed(process, patience) for process in processes)))


def worker_env(vendor: Vendor) -> dict[str, str]:
    place = connection.settings_dict
    options = urlencode({"host": place["HOST"], "port": place["PORT"]})
    user = quote(place["USER"])
    password = f":{quote(place['PASSWORD'])}" if place["PASSWORD"] else ""
    return {
        "DJANGO_SETTINGS_MODULE": "hirocrm.config.settings",
        "DATABASE_URL": f"postgresql://{user}{password}@/{place['NAME']}?{options}",
        "HIROCRM_ANALYZER": "gemini",
        "GOOGLE_AI_BASE_URL": vendor.url,
        "GOOGLE_AI_MODEL": MODEL,
        "GOOGLE_AI_RPM": "0",
        "GOOGLE_AI_TPM": "0",
        "GOOGLE_AI_RPD": "0",
    }


async def _printed(process: asyncio.subprocess.Process, patience: float) -> Any:
    try:
        out, err = await asyncio.wait_for(process.communicate(), patience)
    except TimeoutError:
        process.kill()
        await process.communicate()
        return None
    guard.read(err.decode())
    assert process.returncode == 0, err.decode()
    lines = out.decode().strip().splitlines()
    return {**json.loads(lines[-1]), "log": err.decode() + "\n".join(lines[:-1])}


def env_keys(count: int) -> dict[str, str]:
    names = ["GOOGLE_AI_API_KEY", *(f"GOOGLE_AI_API_KEY_{n}" for n in range(2, count + 1))]
    return {name: f"key-number-{number}" for number, name in enumerate(names, 1)}


@pytest.fixture
def organization() -> Organization:
    return Organization.objects.create(name="Shop")


class TestSharedBudget:
    async def test_two_processes_never_exceed_a_minute_together(
        self, organization: Organization
    ) -> None:
        google = Google(rpm=8)
        async with running(Vendor(decide=google.answer)) as vendor:
            printed = await run_workers(
                vendor, organization, 40, 40, patience=30, GOOGLE_AI_RPM="8", **env_keys(3)
            )

        assert printed == [None, None]  # both wait for the next minute
        assert google.refusals == 0
        assert {key: len(times) for key, times in google.arrivals.items()} == {
            "key-number-1": 8,
            "key-number-2": 8,
            "key-number-3": 8,
        }

    async def test_a_whole_minute_of_twelve_keys_is_used_without_a_429(
        self, organization: Organization
    ) -> None:
        google = Google(rpm=20)
        async with running(Vendor(decide=google.answer)) as vendor:
            printed = await run_workers(
                vendor, organization, 120, 120, GOOGLE_AI_RPM="20", **env_keys(12)
            )

        assert [item["answered"] for item in printed] == [120, 120]
        assert google.refusals == 0
        assert Counter(len(times) for times in google.arrivals.values()) == {20: 12}


@dataclass
class Trouble:
    """Twelve keys: one refused, two limited per minute, one per day; and a model retired for all."""

    rest_seconds: float = 6.0
    rested_at: dict[str, float] = field(default_factory=dict)
    asked_while_resting: list[str] = field(default_factory=list)
    calls: Counter[tuple[str, str]] = field(default_factory=Counter)

    def answer(self, seen: Seen) -> Answer:
        key, now = seen.headers["x-goog-api-key"], time.monotonic()
        kind = "old" if "gemini-old" in seen.path else "current"
        self.calls[key, kind] += 1
        if key == "key-number-1":
            return key_invalid()
        if kind == "old":
            return model_gone("gemini-old")
        if GRACE_SECONDS < now - self.rested_at.get(key, -60.0) < self.rest_seconds:
            self.asked_while_resting.append(f"{key} {now - self.rested_at[key]:.3f}")
        if key == "key-number-4":
            return quota_failed(violation(PER_DAY, "20"), delay="38s")
        if key in {"key-number-2", "key-number-3"} and self.calls[key, kind] % 6 == 0:
            self.rested_at[key] = now
            return quota_failed(violation(PER_MINUTE, None), delay=f"{self.rest_seconds}s")
        return DONE

    def asked(self, key: str) -> int:
        return sum(count for (name, _), count in self.calls.items() if name == key)


class TestTwelveKeys:
    async def test_all_is_analysed_and_nobody_is_asked_in_vain(
        self, organization: Organization
    ) -> None:
        trouble = Trouble()
        async with running(Vendor(decide=trouble.answer)) as vendor:
            printed = await run_workers(
                vendor,
                organization,
                150,
                150,
                HIROCRM_ANALYSIS_CONCURRENCY="16",
                GOOGLE_AI_MODEL=f"gemini-old,{MODEL}",
                **env_keys(12),
            )

        assert [item["answered"] for item in printed] == [150, 150]
        assert trouble.asked("key-number-1") <= 2
        assert trouble.calls["key-number-4", "current"] == 1
        assert trouble.asked_while_resting == []
        assert {trouble.calls[f"key-number-{n}", "old"] for n in range(2, 13)} == {1}
        log = "\n".join(item["log"] for item in printed)
        assert log.count("analysis_model.retired") == 1
        assert log.count("analysis_key.refused") == 1
        assert "key-number" not in log
        refused = await AnalysisKey.objects.aget(standing="refused")
        assert refused.label == "GOOGLE_AI_API_KEY"
        assert refused.secret is None
