"""What a call costs, from the price list of `genai-prices` that comes with the installation."""

import warnings
from decimal import ROUND_HALF_UP, Decimal

from hirocrm.analysis.providers.errors import TokenUsage

PRICE_LISTS = {"gemini": "google", "openai": "openai", "anthropic": "anthropic"}


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
    from genai_prices import Usage, calc_price  # noqa: PLC0415  # reads a large table when imported

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            price = calc_price(
                Usage(
                    input_tokens=usage.tokens_in,
                    output_tokens=usage.tokens_out,
                    cache_read_tokens=min(usage.tokens_cached, usage.tokens_in),
                ),
                model_ref=model,
                provider_id=price_list,
            )
    except (LookupError, ValueError):
        return None
    return int((price.total_price * Decimal(1_000_000)).quantize(Decimal(1), ROUND_HALF_UP))
