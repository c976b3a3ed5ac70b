"""Writes a member makes: API keys of LLM vendors, and who reads the conversations.

The rules of keys themselves are in `key_pool.keys`, those of analysers in `analysers` and `model_lists`.
"""

from collections.abc import Mapping, Sequence
from uuid import UUID

from asgiref.sync import async_to_sync
from django.db import transaction

from hirocrm.analysis import model_lists
from hirocrm.analysis.analysers import Choice, find_choice, read_choice
from hirocrm.analysis.errors import KeyInvalid
from hirocrm.analysis.key_pool import keyring, keys, news
from hirocrm.analysis.key_pool.keyring import Limits
from hirocrm.analysis.model_lists import Unchecked
from hirocrm.analysis.models import AnalyserChoice, AnalysisKey
from hirocrm.core.errors import (
    Forbidden,
    UpstreamError,
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
    models = find_choice(member.organization_id).models_of(key.provider)
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


def choose_analysers(
    *, member: Member, order: Sequence[str], models: Mapping[str, Sequence[str]]
) -> list[Unchecked]:
    """Say who reads the organization's conversations; what is empty is as the environment says.

    Models that are new here are looked up in their vendors' lists first, outside of any transaction. Returns the
    vendors whose lists could not be read: their models are taken as they are.

    Raises:
        AnalysersInvalid: no such analyser, no model's name, or the vendor doesn't offer the model.
        SharedKey: the vendor's only key is the environment's, which several organizations share.
    """
    permissions.require(member, Right.CONFIGURE)
    choice, before = read_choice(order, models), find_choice(member.organization_id)
    new = {
        vendor: [name for name in names if name not in before.models_of(vendor)]
        for vendor, names in choice.models.items()
        if names != before.models.get(vendor)
    }
    for vendor in new:
        _refuse_model_of_shared_key(member, vendor)
    unchecked = _look_up(member, {vendor: names for vendor, names in new.items() if names})
    _keep_choice(member, choice)
    return unchecked


def _look_up(member: Member, new: Mapping[str, Sequence[str]]) -> list[Unchecked]:
    found = {vendor: model_lists.find_secret(vendor, member.organization_id) for vendor in new}
    secrets = {vendor: secret for vendor, secret in found.items() if secret is not None}
    lists = async_to_sync(model_lists.read_lists)(secrets) if secrets else {}
    unchecked = []
    for vendor, names in new.items():
        offered = lists.get(vendor)
        if vendor not in secrets:
            unchecked.append(Unchecked(vendor, "There is no key to ask with."))
        elif isinstance(offered, UpstreamError):
            unchecked.append(Unchecked(vendor, offered.sentence))
        elif offered is None:
            unchecked.append(Unchecked(vendor, "The endpoint has no list of its models."))
        else:
            model_lists.refuse_unknown(vendor, names, offered)
    return unchecked


@transaction.atomic
def _keep_choice(member: Member, choice: Choice) -> None:
    kept = {vendor: list(names) for vendor, names in choice.models.items()}
    AnalyserChoice.objects.update_or_create(
        organization_id=member.organization_id,
        defaults={"order": list(choice.order), "vendor_models": kept},
    )
    record_audit(
        member=member,
        action="analysers.chosen",
        subject=", ".join(choice.order),
        details={"order": list(choice.order), "models": kept},
    )
    news.tell_to_look_again()


def _refuse_model_of_shared_key(member: Member, vendor: str) -> None:
    """Who pays for a key says which model it is used with."""
    own = AnalysisKey.objects.filter(provider=vendor, organization_id=member.organization_id)
    if keyring.environment_secrets(vendor) and not own.exists() and _is_shared(member):
        raise SharedKey(
            f"The {keyring.VENDOR_TITLES[vendor]} key comes from the environment and serves every organization, "
            "with the environment's model. Add a key of your own to choose another.",
            field=vendor,
        )


def _refuse_shared(member: Member, key_id: UUID) -> None:
    key = keys.get_key(organization_id=member.organization_id, key_id=key_id)
    if key.organization_id is None and _is_shared(member):
        raise SharedKey("This key comes from the environment and serves every organization.")


def _is_shared(member: Member) -> bool:
    """Whether the environment's keys serve others too, and this member has no say over them."""
    if member.user.is_staff:
        return False
    return Organization.objects.exclude(id=member.organization_id).exists()


def _record(member: Member, action: str, key: AnalysisKey) -> None:
    record_audit(member=member, action=action, subject=f"{key.provider} …{key.last4}")
