"""Writes a member makes: API keys of LLM vendors. The rules of keys themselves are in `key_pool.keys`."""

from uuid import UUID

from asgiref.sync import async_to_sync
from django.db import transaction

from hirocrm.analysis.errors import KeyInvalid
from hirocrm.analysis.key_pool import keyring, keys
from hirocrm.analysis.key_pool.keyring import Limits
from hirocrm.analysis.models import AnalysisKey
from hirocrm.core.errors import (
    Forbidden,
    UpstreamForbidden,
    UpstreamRejected,
    UpstreamUnauthorized,
)
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member, Organization
from hirocrm.organizations.permissions import Right
from hirocrm.organizations.services import record_audit

TEST_SECONDS = 20.0


class SharedKey(Forbidden):
    """A key of the environment serves every organization, so no single one of several may change it."""

    code = "shared_key"


class KeyTestFailed(KeyInvalid):
    """The vendor doesn't take the key, or not for the configured model; the sentence says why."""

    code = "key_test_failed"


@transaction.atomic
def add_key(
    *,
    member: Member,
    provider: str,
    secret: str,
    label: str = "",
    project_group: str = "",
    limits: Limits | None = None,
) -> AnalysisKey:
    """Keep a key, encrypted; analyses use it from now on.

    Raises:
        KeyAlreadyAdded: the organization or the environment has it.
        KeyInvalid: not a key, or no vendor of that name.
    """
    permissions.require(member, Right.CONFIGURE)
    key = keys.add_key(
        organization_id=member.organization_id,
        provider=provider,
        secret=secret,
        label=label,
        project_group=project_group,
        limits=limits,
    )
    _record(member, "analysis_key.added", key)
    return key


@transaction.atomic
def change_key(
    *,
    member: Member,
    key_id: UUID,
    label: str | None = None,
    project_group: str | None = None,
    limits: Limits | None = None,
    is_enabled: bool | None = None,
) -> AnalysisKey:
    """Change what is given: name, project group, limits, whether it is used.

    Raises:
        KeyNotFound: no such key.
        SharedKey: it comes from the environment, which several organizations share.
    """
    permissions.require(member, Right.CONFIGURE)
    _refuse_shared(member, key_id)
    key = keys.change_key(
        organization_id=member.organization_id,
        key_id=key_id,
        label=label,
        project_group=project_group,
        limits=limits,
        is_enabled=is_enabled,
    )
    _record(member, "analysis_key.changed", key)
    return key


@transaction.atomic
def reset_key(*, member: Member, key_id: UUID) -> AnalysisKey:
    """Forget that the key was refused or rests.

    Raises:
        KeyNotFound: no such key.
        SharedKey: it comes from the environment, which several organizations share.
    """
    permissions.require(member, Right.CONFIGURE)
    _refuse_shared(member, key_id)
    key = keys.reset_key(organization_id=member.organization_id, key_id=key_id)
    _record(member, "analysis_key.reset", key)
    return key


@transaction.atomic
def delete_key(*, member: Member, key_id: UUID) -> None:
    """Delete the organization's own key.

    Raises:
        KeyInvalid: it comes from the environment.
        KeyNotFound: no such key.
    """
    permissions.require(member, Right.CONFIGURE)
    key = keys.get_key(organization_id=member.organization_id, key_id=key_id)
    keys.delete_key(organization_id=member.organization_id, key_id=key_id)
    _record(member, "analysis_key.deleted", key)


def test_key(*, member: Member, key_id: UUID) -> str:
    """Ask the vendor something tiny with the key; returns the model that answered.

    Raises:
        KeyNotFound: no such key.
        KeyTestFailed: the vendor refuses the key or the model.
        UpstreamError: the vendor can't be asked just now.
    """
    permissions.require(member, Right.CONFIGURE)
    key = keys.get_key(organization_id=member.organization_id, key_id=key_id)
    secret = keys.secret_of(organization_id=member.organization_id, key_id=key_id)
    models = keyring.configured_models(key.provider)
    if not models:
        raise KeyTestFailed(f"No model of {key.provider} is configured.", field="model")
    try:
        async_to_sync(_ask)(key.provider, secret, models[0])
    except (UpstreamUnauthorized, UpstreamForbidden, UpstreamRejected) as exc:
        raise KeyTestFailed(exc.sentence) from exc
    return models[0]


async def _ask(provider: str, secret: str, model: str) -> None:
    # Imported here: the vendors' clients are needed by workers, and by the web for this alone.
    from hirocrm.analysis.engine import open_provider  # noqa: PLC0415
    from hirocrm.analysis.providers.http import ProviderHttp  # noqa: PLC0415

    async with ProviderHttp(concurrency=1, answer_seconds=TEST_SECONDS) as http:
        await keys.check_key(open_provider(provider, http), secret=secret, model=model)


def _refuse_shared(member: Member, key_id: UUID) -> None:
    key = keys.get_key(organization_id=member.organization_id, key_id=key_id)
    if key.organization_id is not None or member.user.is_staff:
        return
    if Organization.objects.exclude(id=member.organization_id).exists():
        raise SharedKey("This key comes from the environment and serves every organization.")


def _record(member: Member, action: str, key: AnalysisKey) -> None:
    record_audit(member=member, action=action, subject=f"{key.provider} …{key.last4}")
