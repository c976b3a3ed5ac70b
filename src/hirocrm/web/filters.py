"""The filters that board, list, bulk actions and saved views share. They live in the address.

A value that can't be read is left out, as if nobody had asked for it: an old bookmark still opens.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from hirocrm.contacts.queries import DEFAULT_SORT, SORTS, ContactFilter
from hirocrm.core.platforms import Platform
from hirocrm.core.text import clean
from hirocrm.core.vocabulary import LeadStatus, Level, Sentiment
from hirocrm.inbox.windows import closes_before, opened_since
from hirocrm.meta.models import Page
from hirocrm.pipelines.models import Pipeline
from hirocrm.web.widgets import PlainNumber, PlainSelect, PlainText

Choice = tuple[str, str | Promise]
Choices = list[Choice]

STATUSES: Choices = [
    (LeadStatus.NEW.value, _("New")),
    (LeadStatus.CONTACTED.value, _("Contacted")),
    (LeadStatus.QUALIFIED.value, _("Qualified")),
    (LeadStatus.PROPOSAL_SENT.value, _("Proposal sent")),
    (LeadStatus.NEGOTIATING.value, _("Negotiating")),
    (LeadStatus.WON.value, _("Won")),
    (LeadStatus.LOST.value, _("Lost")),
    (LeadStatus.UNRESPONSIVE.value, _("Unresponsive")),
]
CHANNELS: Choices = [
    (Platform.MESSENGER.value, "Messenger"),
    (Platform.INSTAGRAM.value, "Instagram"),
]
SENTIMENTS: Choices = [
    (Sentiment.POSITIVE.value, _("Positive")),
    (Sentiment.NEUTRAL.value, _("Neutral")),
    (Sentiment.NEGATIVE.value, _("Negative")),
]
LEVELS: Choices = [
    (Level.HIGH.value, _("High")),
    (Level.MEDIUM.value, _("Medium")),
    (Level.LOW.value, _("Low")),
]
PERIODS: Choices = [
    ("1", _("Last 24 hours")),
    ("7", _("Last 7 days")),
    ("30", _("Last 30 days")),
    ("90", _("Last 90 days")),
]
LONGEST_SEARCH = 200
BY_WINDOW = "windowCloses"


def _select(label: Any, choices: Iterable[Choice] = ()) -> forms.ChoiceField:
    offered = [("", _("Any")), *choices]
    return forms.ChoiceField(label=label, required=False, choices=offered, widget=PlainSelect)


def _chosen_id(label: Any) -> forms.UUIDField:
    return forms.UUIDField(label=label, required=False, widget=PlainSelect)


def _percent(label: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=0,
        max_value=100,
        widget=PlainNumber(attrs={"inputmode": "numeric"}),
    )


class FilterForm(forms.Form):
    """What can be asked for. Field names are the address's parameters."""

    q = forms.CharField(label=_("Search"), required=False, max_length=LONGEST_SEARCH)
    pipeline = _chosen_id(_("Pipeline"))
    stage = _chosen_id(_("Stage"))
    page = _chosen_id(_("Page"))
    channel = _select(_("Channel"), CHANNELS)
    status = _select(_("Status"), STATUSES)
    min = _percent(_("Score from"))
    max = _percent(_("Score to"))
    sentiment = _select(_("Sentiment"), SENTIMENTS)
    urgency = _select(_("Urgency"), LEVELS)
    tag = forms.CharField(label=_("Tag"), required=False, max_length=50, widget=PlainText)
    since = _select(_("Last message"), PERIODS)
    unplaced = forms.BooleanField(label=_("In no stage"), required=False)
    review = forms.BooleanField(label=_("Needs review"), required=False)
    waiting = forms.BooleanField(label=_("Waiting for reply"), required=False)
    closing = forms.BooleanField(label=_("Window closes soon"), required=False)

    def offer(self, *, pages: Sequence[Page], pipelines: Sequence[Pipeline]) -> None:
        """Fill the selects whose choices are the organization's own."""
        self._choices("page", [(str(page.id), page.name) for page in pages])
        self._choices("pipeline", [(str(row.id), row.name) for row in pipelines])
        groups = [
            (row.name, [(str(stage.id), stage.name) for stage in row.stages.all()])
            for row in pipelines
        ]
        stages: list[Any] = list(groups[0][1]) if len(groups) == 1 else list(groups)
        self._choices("stage", stages)

    def _choices(self, name: str, choices: list[Any]) -> None:
        widget = self.fields[name].widget
        if isinstance(widget, forms.Select):
            widget.choices = [("", _("Any")), *choices]


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on: its words, and the address's query without it."""

    label: str | Promise
    value: str
    rest: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for. `query` is it again, without what couldn't be read and without paging."""

    form: FilterForm
    wanted: ContactFilter
    values: Mapping[str, Any]
    query: str
    sort: str = DEFAULT_SORT

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the pipeline is asked for."""
        return any(name != "pipeline" for name in self.values)

    @property
    def panel_count(self) -> int:
        """How many of the panel's filters are on."""
        return len(
            self.values.keys() - {"q", "pipeline", "unplaced", "review", "waiting", "closing"}
        )

    @property
    def query_without_search(self) -> str:
        """The query without the search's words."""
        return self.query_with(q=None)

    @property
    def is_by_window(self) -> bool:
        """Whether the first window to close comes first."""
        return self.sort == BY_WINDOW

    @property
    def query_by_window(self) -> str:
        """The query sorted by when windows close, or no longer if it is."""
        return self.query_with(sort=None if self.is_by_window else BY_WINDOW)

    def query_with(self, **changes: object) -> str:
        """The query with some values set, or taken out where None."""
        values = {**self.values, **({"sort": self.sort} if self.sort != DEFAULT_SORT else {})}
        return encode({**values, **changes})

    def chips(self) -> list[Chip]:
        """The filters that are on, as words."""
        names = [name for name in self.values if name not in {"pipeline", "q"}]
        return [
            Chip(
                self.form.fields[name].label or name,
                _words(self.form, name, self.values[name]),
                self.query_with(**{name: None}),
            )
            for name in names
        ]


def read_filters(params: Mapping[str, str], *, now: datetime) -> Filters:
    """The filters that the address's parameters name."""
    given = {name: params.get(name, "") for name in FilterForm.base_fields}
    # A whole message may be looked for: its beginning finds it, while no search at all would find everybody.
    form = FilterForm({**given, "q": clean(given["q"]).strip()[:LONGEST_SEARCH]})
    form.is_valid()
    values = {
        name: value for name, value in form.cleaned_data.items() if value not in ("", None, False)
    }
    sort = params.get("sort", "")
    if sort not in SORTS:
        sort = BY_WINDOW if values.get("closing") else DEFAULT_SORT
    query = encode({**values, "sort": sort if sort != DEFAULT_SORT else None})
    return Filters(form, _by_window(_filter_of(values, now), sort, now), values, query, sort)


def _by_window(wanted: ContactFilter, sort: str, now: datetime) -> ContactFilter:
    """Sorted by when windows close, only open windows count: the others have closed already."""
    if sort != BY_WINDOW:
        return wanted
    since = wanted.customer_since or opened_since(now=now)
    return replace(wanted, by_window=True, customer_since=since)


def encode(values: Mapping[str, object]) -> str:
    """Values as a query string, without those that are None; True is 1."""
    return urlencode(
        {name: 1 if value is True else value for name, value in values.items() if value is not None}
    )


def _filter_of(values: Mapping[str, Any], now: datetime) -> ContactFilter:
    page: UUID | None = values.get("page")
    days = values.get("since")
    is_closing = values.get("closing") or None
    return ContactFilter(
        page_id=str(page) if page else None,
        platform=values.get("channel"),
        pipeline_id=values.get("pipeline"),
        stage_id=values.get("stage"),
        without_stage=values.get("unplaced"),
        lead_status=values.get("status"),
        min_score=values.get("min"),
        max_score=values.get("max"),
        needs_review=values.get("review"),
        tag=values.get("tag"),
        sentiment=values.get("sentiment"),
        urgency=values.get("urgency"),
        active_since=now - timedelta(days=int(days)) if days else None,
        waiting=values.get("waiting") or is_closing,
        customer_since=opened_since(now=now) if is_closing else None,
        customer_until=closes_before(now=now) if is_closing else None,
        q=values.get("q"),
    )


def _words(form: FilterForm, name: str, value: Any) -> str:
    """A value as people read it; nothing for a switch, whose label says it all."""
    if value is True:
        return ""
    widget = form.fields[name].widget
    if isinstance(widget, forms.Select):
        for key, label in _flat(widget.choices):
            if key == str(value):
                return str(label)
        return "–"
    return str(value)


def _flat(choices: Iterable[Any]) -> Iterable[tuple[str, Any]]:
    for key, label in choices:
        if isinstance(label, (list, tuple)):
            yield from label
        else:
            yield key, label
