"""What a number of analyses would take, guessed from the organization's own last ones."""

import math
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Avg, Count

from hirocrm.analysis.asker import asker_for
from hirocrm.analysis.key_pool.capacity import find_capacity
from hirocrm.analysis.models import Analysis
from hirocrm.analysis.providers.errors import TokenUsage
from hirocrm.analysis.providers.pricing import cost_micro_usd
from hirocrm.analysis.transcripts import Asker
from hirocrm.organizations.models import Organization

RECENT = 200  # analyses the guess is made from
# Before there are any: the fixed part of the prompt, a message of a dozen words, an answer.
PROMPT_TOKENS = 900
TOKENS_A_MESSAGE = 25
ANSWER_TOKENS = 350
SECONDS_A_CALL = 2.0
LOCAL_SECONDS_A_CALL = 0.2


@dataclass(frozen=True, slots=True)
class Guess:
    """Tokens in and out, money in millionths of a US dollar (None: price unknown), seconds with one worker.

    `calls_today` is how many the keys' daily quota still lets through, None: all.
    """

    tokens: int
    cost_micro_usd: int | None
    seconds: int
    calls_today: int | None = None


def guess_cost(*, organization: Organization, calls: int, messages: int, now: datetime) -> Guess:
    """What `calls` analyses of conversations with `messages` messages in all would take at most."""
    asker = asker_for(organization)
    recent = Analysis.objects.filter(
        organization=organization, provider=asker.provider, model=asker.model
    ).order_by("-created_at")[:RECENT]
    seen = Analysis.objects.filter(pk__in=recent.values("pk")).aggregate(
        n=Count("id"),
        tokens_in=Avg("tokens_in"),
        tokens_out=Avg("tokens_out"),
        cost=Avg("cost_micro_usd"),
        milliseconds=Avg("duration_ms"),
    )
    if asker.provider == "local":
        tokens_in = tokens_out = 0.0
    elif seen["n"]:
        tokens_in, tokens_out = seen["tokens_in"], seen["tokens_out"]
    else:
        tokens_in = PROMPT_TOKENS + TOKENS_A_MESSAGE * messages / max(1, calls)
        tokens_out = ANSWER_TOKENS
    each = seen["milliseconds"] / 1000 if seen["n"] else _seconds_a_call(asker.provider)
    in_flight = 1 if asker.provider == "local" else settings.ANALYSIS_CONCURRENCY
    usage = TokenUsage(tokens_in=round(calls * tokens_in), tokens_out=round(calls * tokens_out))
    quota = find_capacity(
        provider=asker.provider, model=asker.model, organization_id=organization.pk, now=now
    )
    by_quota = quota.seconds(calls=calls, tokens_each=tokens_in, now=now)
    is_too_much = quota.today is not None and calls > quota.today
    return Guess(
        tokens=usage.tokens_in + usage.tokens_out,
        cost_micro_usd=_cost(
            asker, usage, calls * seen["cost"] if seen["cost"] is not None else None
        ),
        seconds=math.ceil(max(calls * each / in_flight, by_quota)),
        calls_today=quota.today if is_too_much else None,
    )


def _seconds_a_call(provider: str) -> float:
    return LOCAL_SECONDS_A_CALL if provider == "local" else SECONDS_A_CALL


def _cost(asker: Asker, usage: TokenUsage, seen: float | None) -> int | None:
    """What the recent analyses cost on average says more than the list price; `seen` None: there are none."""
    if asker.provider == "local":
        return 0
    return round(seen) if seen is not None else cost_micro_usd(asker.provider, asker.model, usage)
