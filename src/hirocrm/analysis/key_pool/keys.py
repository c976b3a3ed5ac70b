"""What people do with keys: list them with their state, add, group, disable, test, reset, delete."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from hirocrm.analysis.analysers import find_choice
from hirocrm.analysis.errors import KeyAlreadyAdded, KeyInvalid, KeyNotFound
from hirocrm.analysis.key_pool import keyring
from hirocrm.analysis.key_pool.keyring import Limits
from hirocrm.analysis.key_pool.ledger import effective_limits
from hirocrm.analysis.key_pool.news import tell_to_look_again
from hirocrm.analysis.key_pool.window import Window, next_pacific_midnight, pacific_day
from hirocrm.analysis.models import AnalysisKey, AnalysisQuota, KeyStanding
from hirocrm.analysis.providers.protocol import Provider
from hirocrm.core.encryption import keyed_hash, keyed_hashes

MAX_SECRET_LETTERS = 400
LONG_LIVED = frozenset({"day", "billing"})
MODEL_GONE = frozenset({"retired", "not_offered"})


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as people see it. `state`: ready, cooling, spent, refused or disabled."""

    id: UUID
    provider: str
    label: str
    last4: str
    from_environment: bool
    project_group: str
    state: str
    until: datetime | None
    reason: str
    model: str
    limits: Limits
    requests_last_minute: int
    tokens_last_minute: int
    requests_today: int
    last_used_at: datetime | None


def list_key_views(
    *, organization_id: UUID, now: datetime, provider: str | None = None
) -> list[KeyView]:
    """Return the organization's keys and those of the environment, each for the model it is asked for."""
    keyring.register_environment_keys()
    choice = find_choice(organization_id)
    views = []
    for name in [provider] if provider else keyring.VENDORS:
        rows = [held.row for held in keyring.list_keys(name, organization_id)]
        rows.sort(key=lambda row: (row.organization_id is not None, row.created_at, row.label))
        models = choice.models_of(name) or ("",)
        quotas = {
            (quota.budget_id, quota.model): quota
            for quota in AnalysisQuota.objects.filter(
                provider=name, model__in=models, budget_id__in=[row.budget_id for row in rows]
            )
        }
        for row in rows:
            choices = [(model, quotas.get((row.budget_id, model))) for model in models]
            model, quota = next((c for c in choices if not _is_gone(c[1], now)), choices[0])
            views.append(_view(row, rows, quota, model, now))
    return views


def _is_gone(quota: AnalysisQuota | None, now: datetime) -> bool:
    """Whether the key's project doesn't have the model, so that the next of the list is asked."""
    if quota is None or quota.parked_until is None or quota.parked_until <= now:
        return False
    return quota.parked_reason in MODEL_GONE


def _view(
    row: AnalysisKey,
    rows: Sequence[AnalysisKey],
    quota: AnalysisQuota | None,
    model: str,
    now: datetime,
) -> KeyView:
    mates = [other for other in rows if other.budget_id == row.budget_id]
    limits = effective_limits(quota, mates, now)
    window = Window.load(quota.window if quota else [], now.timestamp())
    today = quota.day_requests if quota and quota.day == pacific_day(now) else 0
    state, until, reason = _state(row, quota, limits, today, now)
    return KeyView(
        id=row.id,
        provider=row.provider,
        label=row.label,
        last4=row.last4,
        from_environment=row.organization_id is None,
        project_group=row.project_group,
        state=state,
        until=until,
        reason=reason,
        model=model,
        limits=limits,
        requests_last_minute=window.requests,
        tokens_last_minute=window.tokens,
        requests_today=today,
        last_used_at=row.last_used_at,
    )


def _state(
    row: AnalysisKey, quota: AnalysisQuota | None, limits: Limits, today: int, now: datetime
) -> tuple[str, datetime | None, str]:
    """Return (state, until when, why)."""
    if row.standing == KeyStanding.REFUSED:
        return "refused", None, row.refused_reason
    if row.standing == KeyStanding.DISABLED:
        return "disabled", None, ""
    if quota and quota.parked_until and quota.parked_until > now:
        state = "spent" if quota.parked_reason in LONG_LIVED else "cooling"
        return state, quota.parked_until, quota.notice
    if limits.rpd and today >= limits.rpd:
        return "spent", next_pacific_midnight(now), f"{limits.rpd} requests today"
    return "ready", None, ""


def list_notices(*, organization_id: UUID, now: datetime) -> list[str]:
    """Return what a person should act on, each sentence once: retired models, refused keys, no credit."""
    notices: dict[str, None] = {}
    choice = find_choice(organization_id)
    for provider in keyring.VENDORS:
        rows = [held.row for held in keyring.list_keys(provider, organization_id)]
        for row in rows:
            if row.standing == KeyStanding.REFUSED:
                notices[f"{row.label or 'A key'} (…{row.last4}): {row.refused_reason}"] = None
        quotas = AnalysisQuota.objects.filter(
            provider=provider,
            budget_id__in=[row.budget_id for row in rows],
            model__in=choice.models_of(provider),
            parked_reason__in=["retired", "not_offered", "billing"],
            parked_until__gt=now,
        )
        notices |= dict.fromkeys(quota.notice for quota in quotas if quota.notice)
    return list(notices)


@transaction.atomic
def add_key(
    *,
    organization_id: UUID,
    provider: str,
    secret: str,
    label: str = "",
    project_group: str = "",
    limits: Limits | None = None,
) -> AnalysisKey:
    """Keep a key, encrypted. It isn't asked yet: see `check_key`.

    Raises:
        KeyInvalid: not a key, or no vendor of that name.
        KeyAlreadyAdded: the organization or the environment has it.
    """
    secret = _checked_secret(provider, secret)
    known = AnalysisKey.objects.filter(provider=provider, fingerprint__in=keyed_hashes(secret))
    if known.filter(organization_id=organization_id).exists() or (
        secret in keyring.environment_secrets(provider)
    ):
        raise KeyAlreadyAdded("This key has been added before.")
    row = AnalysisKey(
        organization_id=organization_id,
        provider=provider,
        label=label.strip()[:100],
        fingerprint=keyed_hash(secret),
        secret=secret,
        last4=secret[-4:],
        project_group=project_group.strip()[:60],
        budget_id=_budget_id(organization_id, provider, secret, project_group),
    )
    if limits is not None:
        row.rpm, row.tpm, row.rpd = limits.rpm, limits.tpm, limits.rpd
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        raise KeyAlreadyAdded("This key has been added before.") from None
    tell_to_look_again()
    return row


def _checked_secret(provider: str, secret: str) -> str:
    if provider not in keyring.VENDORS:
        raise KeyInvalid(f"Choose one of {', '.join(keyring.VENDORS)}.", field="provider")
    secret = secret.strip()
    is_plain = secret.isascii() and secret.isprintable() and " " not in secret
    if not 8 <= len(secret) <= MAX_SECRET_LETTERS or not is_plain:
        raise KeyInvalid("This is not an API key: paste the whole key, nothing else.", field="key")
    return secret


def _budget_id(organization_id: UUID | None, provider: str, secret: str, group: str) -> str:
    if group.strip():
        return keyring.group_budget_id(organization_id, group)
    return keyring.own_budget_id(provider, secret)


def get_key(*, organization_id: UUID, key_id: UUID) -> AnalysisKey:
    """Return a key the organization sees: its own, or one of the environment.

    Raises:
        KeyNotFound: none such.
    """
    row = AnalysisKey.objects.filter(id=key_id).first()
    if row is None or row.organization_id not in {None, organization_id}:
        raise KeyNotFound("There is no such key.")
    return row


@transaction.atomic
def change_key(
    *,
    organization_id: UUID,
    key_id: UUID,
    label: str | None = None,
    project_group: str | None = None,
    limits: Limits | None = None,
    is_enabled: bool | None = None,
) -> AnalysisKey:
    """Change what is given. New limits replace those the vendor taught us; a refused key can be enabled again.

    Keys of the environment are everybody's: whoever calls decides who may change those.
    """
    row = get_key(organization_id=organization_id, key_id=key_id)
    if label is not None:
        row.label = label.strip()[:100]
    if project_group is not None:
        row.project_group = project_group.strip()[:60]
        row.budget_id = _budget_id(
            row.organization_id, row.provider, _secret_of(row), project_group
        )
    if limits is not None:
        row.rpm, row.tpm, row.rpd = limits.rpm, limits.tpm, limits.rpd
        _quotas(row).update(learned_rpm=None, learned_tpm=None, learned_rpd=None)
    if is_enabled is not None:
        row.standing = KeyStanding.READY if is_enabled else KeyStanding.DISABLED
        row.refused_reason, row.refused_at = "", None
    row.save()
    tell_to_look_again()
    return row


@transaction.atomic
def reset_key(*, organization_id: UUID, key_id: UUID) -> AnalysisKey:
    """Forget that the key was refused or rests, and what its vendor taught us; what it used still counts."""
    row = get_key(organization_id=organization_id, key_id=key_id)
    row.standing, row.refused_reason, row.refused_at = KeyStanding.READY, "", None
    row.save()
    _quotas(row).update(
        parked_until=None,
        parked_reason="",
        notice="",
        strikes=0,
        probe_until=None,
        learned_rpm=None,
        learned_tpm=None,
        learned_rpd=None,
        learned_at=None,
    )
    tell_to_look_again()
    return row


@transaction.atomic
def delete_key(*, organization_id: UUID, key_id: UUID) -> None:
    """Delete the organization's own key; one of the environment can only be disabled.

    Raises:
        KeyNotFound: none such. KeyInvalid: it comes from the environment.
    """
    row = get_key(organization_id=organization_id, key_id=key_id)
    if row.organization_id is None:
        setting = keyring.KEY_SETTINGS[row.provider]
        raise KeyInvalid(f"This key comes from {setting}: remove it there, or disable it here.")
    row.delete()
    tell_to_look_again()


async def check_key(provider: Provider, *, secret: str, model: str) -> None:
    """Ask the vendor something tiny with a key, outside its booked quota; return if it answers.

    Raises:
        The vendor's refusal: see `providers.errors`.
    """
    await provider.check_key(secret=secret, model=model)


def secret_of(*, organization_id: UUID, key_id: UUID) -> str:
    """Return a key's secret, to test it.

    Raises:
        KeyNotFound: none such, or it has left the environment.
    """
    return _secret_of(get_key(organization_id=organization_id, key_id=key_id))


def _secret_of(row: AnalysisKey) -> str:
    for held in keyring.list_keys(row.provider, row.organization_id):
        if held.row.id == row.id:
            return held.secret
    raise KeyNotFound("This key is no longer in the environment.")


def _quotas(row: AnalysisKey) -> Any:
    return AnalysisQuota.objects.filter(provider=row.provider, budget_id=row.budget_id)
