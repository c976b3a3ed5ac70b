"""Who reads an organization's conversations: analysers in order, each with its models.

The environment says (HIROCRM_ANALYZER and the vendors' *_MODEL); what an organization's people chose goes before it.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings

from hirocrm.analysis.errors import AnalysersInvalid
from hirocrm.analysis.key_pool import keyring
from hirocrm.analysis.models import AnalyserChoice, AnalysisKey, KeyStanding

LOCAL = "local"
NAMES = (*keyring.VENDORS, LOCAL)
MODELS_AT_MOST = 10
# A model's name becomes part of an address, so it has no slash; but routers of OpenAI's kind have "vendor/model:free".
MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
ROUTED_MODEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,99}")


@dataclass(frozen=True, slots=True)
class Analyser:
    """One that is asked, with its models in the order they are tried; the local one has none."""

    name: str
    models: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """What an organization chose. Empty, or a vendor left out: as the environment says."""

    order: tuple[str, ...] = ()
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def models_of(self, provider: str) -> tuple[str, ...]:
        """The models of a vendor, in the order they are tried."""
        return self.models.get(provider) or keyring.configured_models(provider)


def find_choice(organization_id: UUID | None) -> Choice:
    """What the organization chose; without an organization, nothing. One query."""
    if organization_id is None:
        return Choice()
    row = AnalyserChoice.objects.filter(organization_id=organization_id).first()
    if row is None:
        return Choice()
    return Choice(
        tuple(row.order), {vendor: tuple(names) for vendor, names in row.vendor_models.items()}
    )


def list_analysers(organization_id: UUID | None) -> tuple[Analyser, ...]:
    """The analysers to ask, in order. "auto" is the first vendor with a key and a model, else local.

    A key that was refused still counts: work that fails and says why is better than a silent change of analyser.
    """
    choice = find_choice(organization_id)
    names = [
        _first_with_key(organization_id, choice) if name == "auto" else name
        for name in choice.order or settings.ANALYZER_ORDER
    ]
    return tuple(
        Analyser(name) if name == LOCAL else Analyser(name, choice.models_of(name))
        for name in dict.fromkeys(names)
    )


def _first_with_key(organization_id: UUID | None, choice: Choice) -> str:
    for provider in keyring.VENDORS:
        if choice.models_of(provider) and has_key(provider, organization_id):
            return provider
    return LOCAL


def has_key(provider: str, organization_id: UUID | None) -> bool:
    """Whether there is a key for the vendor, in the environment or the organization's own and not switched off."""
    if keyring.environment_secrets(provider):
        return True
    if organization_id is None:
        return False
    own = AnalysisKey.objects.filter(provider=provider, organization_id=organization_id)
    return own.exclude(standing=KeyStanding.DISABLED).exists()


def read_choice(order: Sequence[str], models: Mapping[str, Sequence[str]]) -> Choice:
    """What a person gave, checked as far as it can be without asking a vendor.

    Raises:
        AnalysersInvalid: an analyser that doesn't exist or comes twice, or what is no model's name.
    """
    strangers = [name for name in order if name not in NAMES]
    if strangers:
        raise AnalysersInvalid(f"Choose among {', '.join(NAMES)}.", field="order")
    if len(set(order)) < len(order):
        raise AnalysersInvalid("Each analyser can be asked once only.", field="order")
    if not models.keys() <= set(keyring.VENDORS):
        raise AnalysersInvalid(f"Only {', '.join(keyring.VENDORS)} have models.", field="models")
    named = {vendor: _model_names(vendor, names) for vendor, names in models.items()}
    return Choice(tuple(order), {vendor: names for vendor, names in named.items() if names})


def _model_names(vendor: str, given: Iterable[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(name.strip() for name in given if name.strip()))
    pattern = ROUTED_MODEL_NAME if vendor == "openai" else MODEL_NAME
    wrong = next((name for name in names if not pattern.fullmatch(name)), None)
    if wrong is not None:
        raise AnalysersInvalid(f"“{wrong[:60]}” is not a model's name.", field=vendor)
    if len(names) > MODELS_AT_MOST:
        raise AnalysersInvalid(f"Name {MODELS_AT_MOST} models at most.", field=vendor)
    return names
