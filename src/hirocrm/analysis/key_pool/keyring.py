"""Which keys an organization may use with a vendor, where their secrets are, and what limits they start from."""

from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.db.models import Q

from hirocrm.analysis.models import AnalysisKey
from hirocrm.analysis.providers.openai import BASE_URL as OPENAI_OWN_URL
from hirocrm.core.encryption import keyed_hash, keyed_hashes

VENDORS = ("gemini", "openai", "anthropic")
VENDOR_TITLES = {"gemini": "Gemini", "openai": "OpenAI", "anthropic": "Anthropic"}
KEY_SETTINGS = {
    "gemini": "GOOGLE_AI_API_KEY",
    "openai": "OPENAI_API_KEY",
    "anthropic": "ANTHROPIC_API_KEY",
}
MODEL_SETTINGS = {
    "gemini": "GOOGLE_AI_MODEL",
    "openai": "OPENAI_MODEL",
    "anthropic": "ANTHROPIC_MODEL",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests and input tokens a minute, requests a day; 0 is no limit of our own."""

    rpm: int = 0
    tpm: int = 0
    rpd: int = 0


@dataclass(frozen=True, slots=True)
class HeldKey:
    """A key that may be asked, with its secret."""

    row: AnalysisKey
    secret: str = field(repr=False)


def assumed_limits(provider: str) -> Limits:
    """Return what a key of this vendor is assumed to have until it or the vendor says otherwise."""
    if provider != "gemini":
        return Limits()
    return Limits(settings.GOOGLE_AI_RPM, settings.GOOGLE_AI_TPM, settings.GOOGLE_AI_RPD)


def configured_models(provider: str) -> tuple[str, ...]:
    """Return the models of the settings, in the order they are tried."""
    if provider == "gemini":
        return tuple(settings.GOOGLE_AI_MODELS)
    text = {"openai": settings.OPENAI_MODEL, "anthropic": settings.ANTHROPIC_MODEL}[provider]
    return tuple(part.strip() for part in text.split(",") if part.strip())


def environment_secrets(provider: str) -> tuple[str, ...]:
    """Return the keys of the environment. A self-hosted endpoint may need none: then one empty key."""
    if provider == "gemini":
        return tuple(settings.GOOGLE_AI_KEYS)
    if provider == "anthropic":
        return (settings.ANTHROPIC_API_KEY,) if settings.ANTHROPIC_API_KEY else ()
    elsewhere = settings.OPENAI_MODEL and settings.OPENAI_BASE_URL != OPENAI_OWN_URL
    return (settings.OPENAI_API_KEY,) if settings.OPENAI_API_KEY or elsewhere else ()


def register_environment_keys() -> None:
    """Make a row for every key of the environment that has none, so that its state can be kept."""
    for provider in VENDORS:
        for number, secret in enumerate(environment_secrets(provider), 1):
            name = KEY_SETTINGS[provider]
            known = AnalysisKey.objects.filter(
                organization=None, provider=provider, fingerprint__in=keyed_hashes(secret)
            )
            if not known.exists():
                AnalysisKey.objects.bulk_create(
                    [
                        AnalysisKey(
                            provider=provider,
                            label=name if number == 1 else f"{name}_{number}",
                            fingerprint=keyed_hash(secret),
                            last4=secret[-4:],
                            budget_id=own_budget_id(provider, secret),
                        )
                    ],
                    ignore_conflicts=True,
                )


def own_budget_id(provider: str, secret: str) -> str:
    """Return the budget of a key in no project group: that of the same key elsewhere, if it is known."""
    known = (
        AnalysisKey.objects.filter(
            provider=provider, fingerprint__in=keyed_hashes(secret), project_group=""
        )
        .values_list("budget_id", flat=True)
        .first()
    )
    return known or f"key:{keyed_hash(secret)[:24]}"


def group_budget_id(organization_id: UUID | None, group: str) -> str:
    """Return the budget that the keys of a project group share."""
    return f"group:{organization_id or 'environment'}:{group.strip().casefold()}"


def list_keys(provider: str, organization_id: UUID | None) -> list[HeldKey]:
    """Return all keys an organization may use, least recently used first, in every standing.

    Rows of keys that have left the environment are passed over.
    """
    by_hash = {
        hashed: secret
        for secret in environment_secrets(provider)
        for hashed in keyed_hashes(secret)
    }
    rows = AnalysisKey.objects.filter(
        Q(organization=None) | Q(organization_id=organization_id), provider=provider
    ).order_by("last_used_at", "created_at", "id")
    held = []
    for row in sorted(rows, key=lambda row: row.last_used_at is not None):
        secret = by_hash.get(row.fingerprint) if row.organization_id is None else row.secret
        if secret is not None:
            held.append(HeldKey(row, secret))
    return held
