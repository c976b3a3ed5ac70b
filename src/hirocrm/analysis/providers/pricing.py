"""What a call costs, from the price list of `genai-prices` that comes with the installation."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from hirocrm.analysis.providers.errors import TokenUsage

if TYPE_CHECKING:
    from genai_prices.types import PriceCalculation

PRICE_LISTS = {"gemini": "google", "openai": "openai", "anthropic": "anthropic"}
MANY = 1_000_000  # tokens of a probe


@dataclass(frozen=True, slots=True)
class Rates:
    """What a token costs, in millionths of a US dollar."""

    fresh: Decimal
    cached: Decimal
    output: Decimal

    def price(self, usage: TokenUsage, cached: int) -> Decimal:
        """Return the price of a call."""
        return (
            self.fresh * (usage.tokens_in - cached)
            + self.cached * cached
            + self.output * usage.tokens_out
        )


def cost_micro_usd(provider: str, model: str, usage: TokenUsage) -> int | None:
    """Return the price in millionths of a US dollar; None where the model isn't on the list.

    An OpenAI-compatible endpoint elsewhere is priced only if its model is on OpenAI's list, so a
    self-hosted model has no price rather than a wrong one.
    """
    if provider == "local":
        return 0
    price_list = PRICE_LISTS.get(provider)
    if price_list is None:
        return None
    cached = min(usage.tokens_cached, usage.tokens_in)
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)  # some prices change by it
    try:
        rates = _rates(price_list, model, hour)
        price = rates.price(usage, cached) if rates else _price(price_list, model, usage, cached)
    except (LookupError, ValueError):
        return None
    return int(price.quantize(Decimal(1), ROUND_HALF_UP))


@lru_cache(maxsize=256)
def _rates(price_list: str, model: str, _hour: datetime) -> Rates | None:
    """Return a model's prices by token; None where they rise with the length of the prompt.

    The list costs 0.15 ms a look, which a sync would pay for each contact.
    """
    if _is_tiered(price_list, model):
        return None
    fresh = _price(price_list, model, TokenUsage(MANY, 0), 0)
    cached = _price(price_list, model, TokenUsage(MANY, 0), MANY)
    output = _price(price_list, model, TokenUsage(0, MANY), 0)
    return Rates(fresh / MANY, cached / MANY, output / MANY)


def _is_tiered(price_list: str, model: str) -> bool:
    from genai_prices.types import TieredPrices  # noqa: PLC0415  # see `_look_up`

    prices = vars(_look_up(price_list, model, TokenUsage(1, 1), 0).model_price)
    return any(isinstance(price, TieredPrices) for price in prices.values())


def _price(price_list: str, model: str, usage: TokenUsage, cached: int) -> Decimal:
    return _look_up(price_list, model, usage, cached).total_price * 1_000_000


def _look_up(price_list: str, model: str, usage: TokenUsage, cached: int) -> PriceCalculation:
    from genai_prices import Usage, calc_price  # noqa: PLC0415  # reads a large table when imported

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return calc_price(
            Usage(
                input_tokens=usage.tokens_in,
                output_tokens=usage.tokens_out,
                cache_read_tokens=cached,
            ),
            model_ref=model,
            provider_id=price_list,
        )
