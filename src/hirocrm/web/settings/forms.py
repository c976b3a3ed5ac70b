"""Forms of the settings pages."""

from decimal import Decimal
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils.translation import gettext_lazy as _

from hirocrm.analysis.key_pool.keyring import VENDOR_TITLES
from hirocrm.organizations.models import Organization, Role
from hirocrm.organizations.permissions import Scope

MICRO = 1_000_000
LANGUAGES = (
    ("en", "English"),
    ("fil", "Filipino"),
    ("es", "Español"),
    ("vi", "Tiếng Việt"),
    ("id", "Bahasa Indonesia"),
    ("ms", "Bahasa Melayu"),
    ("th", "ไทย"),
    ("pt-BR", "Português (Brasil)"),
    ("fr", "Français"),
    ("de", "Deutsch"),
)
ROLES = (
    (Role.VIEWER.value, _("Viewer: looks at everything, changes nothing")),
    (Role.AGENT.value, _("Agent: works with contacts, starts syncs")),
    (Role.ADMIN.value, _("Admin: also sets up Pages, pipelines, keys and members")),
    (Role.OWNER.value, _("Owner: everything, also makes owners")),
)
SCOPES = (
    (Scope.READ.value, _("Read")),
    (Scope.WRITE.value, _("Read and write: contacts, runs")),
    (Scope.ADMIN.value, _("Everything its member may do")),
)


class OrganizationForm(forms.Form):
    """What the organization is called, and what the AI knows about it."""

    name = forms.CharField(label=_("Name"), max_length=200)
    language = forms.ChoiceField(
        label=_("Language of summaries"),
        help_text=_("The AI writes summaries and reasons in it; quotes stay as they were written."),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"), help_text=_("Where a month of spending begins.")
    )
    business_description = forms.CharField(
        label=_("Business description"),
        max_length=4000,
        required=False,
        widget=forms.Textarea,
        help_text=_(
            "What you sell, to whom, how people pay. The AI reads it before each analysis."
        ),
    )

    def __init__(self, *args: Any, organization: Organization, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted({*available_timezones(), organization.time_zone})
        languages = dict(LANGUAGES) | (
            {}
            if organization.language in dict(LANGUAGES)
            else {organization.language: organization.language}
        )
        self.fields["time_zone"].choices = [(zone, zone) for zone in zones]  # type: ignore[attr-defined]  # a ChoiceField
        self.fields["language"].choices = list(languages.items())  # type: ignore[attr-defined]  # a ChoiceField


class CeilingForm(forms.Form):
    """The most that analyses may cost in a month."""

    monthly_ceiling = forms.DecimalField(
        label=_("Monthly ceiling in US dollars"),
        min_value=Decimal(0),
        max_value=Decimal(1_000_000),
        decimal_places=2,
        required=False,
        help_text=_("At the ceiling analysis stops; contacts are still saved. Empty: no ceiling."),
    )

    def micro_usd(self) -> int | None:
        """The ceiling in millionths of a dollar; None: there is none."""
        value = self.cleaned_data["monthly_ceiling"]
        return None if value is None else int(value * MICRO)


class KeyForm(forms.Form):
    """A vendor's API key."""

    provider = forms.ChoiceField(label=_("Vendor"), choices=list(VENDOR_TITLES.items()))
    key = forms.CharField(
        label=_("API key"),
        max_length=400,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("Kept encrypted; only its last four characters are shown again."),
    )
    label = forms.CharField(label=_("Name"), max_length=100, required=False)
    project_group = forms.CharField(
        label=_("Project"),
        max_length=60,
        required=False,
        help_text=_("Keys of one Google project share one quota: give them the same project."),
    )


class TokenForm(forms.Form):
    """A new API token."""

    name = forms.CharField(
        label=_("Name"), max_length=100, help_text=_("What it is for, such as “Shop's website”.")
    )
    scope = forms.ChoiceField(label=_("May"), choices=SCOPES)


class InviteForm(forms.Form):
    """Who is invited, as what."""

    email = forms.EmailField(label=_("E-mail address"))
    role = forms.ChoiceField(label=_("Role"), choices=ROLES, initial=Role.AGENT.value)

    def __init__(self, *args: Any, may_make_owners: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_make_owners:
            self.fields["role"].choices = ROLES[:-1]  # type: ignore[attr-defined]  # a ChoiceField
