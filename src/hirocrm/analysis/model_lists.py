"""Whether vendors have the models that a person named, by the vendors' own lists."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from uuid import UUID

from hirocrm.analysis.errors import AnalysersInvalid
from hirocrm.analysis.key_pool import keyring
from hirocrm.analysis.key_pool.keyring import VENDOR_TITLES
from hirocrm.analysis.models import KeyStanding
from hirocrm.core.errors import UpstreamError

LIST_SECONDS = 10.0  # a person waits
NEAREST = 3


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A vendor whose list could not be read, so that nobody knows whether it has the models."""

    provider: str
    why: str


def find_secret(provider: str, organization_id: UUID) -> str | None:
    """A key to ask the vendor with: the organization's own before the environment's, never one that was refused."""
    ready = [
        held
        for held in keyring.list_keys(provider, organization_id)
        if held.row.standing == KeyStanding.READY
    ]
    ready.sort(key=lambda held: held.row.organization_id is None)
    return ready[0].secret if ready else None


async def read_lists(
    secrets: Mapping[str, str],
) -> dict[str, tuple[str, ...] | UpstreamError | None]:
    """Ask the vendors at once for the models their keys may use; None: the endpoint has no such list."""
    # Imported here: the vendors' clients are needed by workers, and by the web for little.
    from hirocrm.analysis.engine import open_provider  # noqa: PLC0415
    from hirocrm.analysis.providers.http import ProviderHttp  # noqa: PLC0415

    async with ProviderHttp(concurrency=len(secrets), answer_seconds=LIST_SECONDS) as http:

        async def read(provider: str, secret: str) -> tuple[str, ...] | UpstreamError | None:
            try:
                return await open_provider(provider, http).list_models(secret=secret)
            except UpstreamError as exc:
                return exc

        found = await asyncio.gather(*(read(name, secret) for name, secret in secrets.items()))
    return dict(zip(secrets, found, strict=True))


def refuse_unknown(provider: str, models: Sequence[str], offered: Sequence[str]) -> None:
    """Refuse a model that the vendor's list doesn't have.

    Raises:
        AnalysersInvalid: it doesn't; the sentence names the nearest it has.
    """
    for model in models:
        if is_offered(provider, model, offered):
            continue
        nearest = get_close_matches(model, offered, n=NEAREST, cutoff=0.5)
        hint = f" The nearest it has: {', '.join(nearest)}." if nearest else ""
        raise AnalysersInvalid(
            f"{VENDOR_TITLES[provider]} does not offer the model {model} to this key.{hint}",
            field=provider,
        )


def is_offered(provider: str, model: str, offered: Sequence[str]) -> bool:
    """Whether the list has the model, by the name or the alias it was given.

    Anthropic lists dated names only ("claude-haiku-4-5-20251001") and takes the name without the date or with
    "-latest" too; routers and Ollama list one of a model's variants ("llama3:latest", "vendor/model:free").
    """
    if model in offered:
        return True
    if provider == "anthropic":
        stem = model.removesuffix("-latest")
        return any(name.removeprefix(stem).lstrip("-").isdigit() for name in offered
                   if name.startswith(f"{stem}-"))  # fmt: skip
    if provider == "openai":
        return model.partition(":")[0] in {name.partition(":")[0] for name in offered}
    return False
