"""Choosing who reads the conversations, with which models."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hirocrm.analysis.analysers import LOCAL, NAMES, Analyser
from hirocrm.analysis.key_pool.keyring import MODEL_SETTINGS, VENDOR_TITLES, configured_models
from hirocrm.analysis.queries import ReadBy

LOCAL_TITLE = _("The local analyser, on this computer")
PLACES = (
    ("first", _("Asked first")),
    ("second", _("Asked second")),
    ("third", _("Asked third")),
    ("last", _("Asked last")),
)
VENDOR_FIELD = "%s_models"


class AnalysersForm(forms.Form):
    """A place each for those who are asked, and each vendor's models."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, read_by: ReadBy) -> None:
        super().__init__(data, initial=_chosen(read_by))
        titles = [(name, _title(name, read_by)) for name in NAMES]
        for number, (place, label) in enumerate(PLACES):
            nobody = _("Nobody") if number else _environments_order()
            self.fields[place] = forms.ChoiceField(
                label=label, required=False, choices=[("", nobody), *titles]
            )
        for vendor, title in VENDOR_TITLES.items():
            self.fields[VENDOR_FIELD % vendor] = forms.CharField(
                label=_("Models of %(vendor)s") % {"vendor": title},
                required=False,
                max_length=1100,
                help_text=_hint(vendor),
                widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
            )

    def clean(self) -> dict[str, Any]:
        """Refuse a gap: nobody is asked first, but somebody after."""
        given = dict(super().clean() or {})
        if not given.get("first") and any(given.get(place) for place, _label in PLACES):
            self.add_error("first", _("Choose who is asked first, or nobody after."))
        return given

    @property
    def places(self) -> list[forms.BoundField]:
        """The fields of the order."""
        return [self[place] for place, _label in PLACES]

    @property
    def models(self) -> list[forms.BoundField]:
        """The fields of the models."""
        return [self[VENDOR_FIELD % vendor] for vendor in VENDOR_TITLES]

    def order(self) -> list[str]:
        """Who is asked, in order; empty: as the environment has it."""
        return [name for place, _label in PLACES if (name := self.cleaned_data[place])]

    def vendor_models(self) -> dict[str, list[str]]:
        """The models by vendor; empty: the environment's."""
        return {
            vendor: self.cleaned_data[VENDOR_FIELD % vendor].split(",") for vendor in VENDOR_TITLES
        }


FIELDS_OF_REFUSALS = {"order": "first"} | {
    vendor: VENDOR_FIELD % vendor for vendor in VENDOR_TITLES
}


def describe(read_by: ReadBy) -> list[dict[str, object]]:
    """Who is asked, in order, in words."""
    return [
        {
            "name": VENDOR_TITLES.get(one.name, LOCAL_TITLE),
            "models": _models(one),
            "lacks_key": one.name != LOCAL and one.name not in read_by.with_key,
        }
        for one in read_by.analysers
    ]


def _models(analyser: Analyser) -> str:
    return "local-1" if analyser.name == LOCAL else ", ".join(analyser.models)


def _chosen(read_by: ReadBy) -> dict[str, str]:
    places: Sequence[str] = [place for place, _label in PLACES]
    models = read_by.choice.models
    return dict(zip(places, read_by.choice.order, strict=False)) | {
        VENDOR_FIELD % vendor: ", ".join(models.get(vendor, ())) for vendor in VENDOR_TITLES
    }


def _title(name: str, read_by: ReadBy) -> str | Promise:
    if name == LOCAL:
        return LOCAL_TITLE
    title = VENDOR_TITLES[name]
    return title if name in read_by.with_key else _("%(vendor)s (no key)") % {"vendor": title}


def _environments_order() -> str:
    return _("As the server says: %(order)s") % {"order": ", ".join(settings.ANALYZER_ORDER)}


def _hint(vendor: str) -> str:
    names = {"setting": MODEL_SETTINGS[vendor], "models": ", ".join(configured_models(vendor))}
    if not names["models"]:
        return _("Empty: those of %(setting)s, which names none.") % names
    return _("Empty: those of %(setting)s, %(models)s.") % names
