"""What the AI says of a contact, and what a person can answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from hirocrm.analysis.models import Analysis
from hirocrm.contacts.models import Contact
from hirocrm.pipelines.models import Pipeline, Stage, Suggestion

NEUTRAL = "#64748b"
VENDORS = {
    "gemini": "Gemini",
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "local": _("Local analyser"),
}
MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Choice:
    """A stage the AI thinks of. Without `stage_id` the pipeline no longer has it."""

    name: str
    color: str
    probability: int
    stage_id: UUID | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words behind the decision; `href` leads to them where the message isn't shown."""

    message_id: str
    quote: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """An analysis as it is shown."""

    analysis: Analysis
    choices: list[Choice]
    evidence: list[Evidence]
    covered: int
    total: int

    @property
    def is_partial(self) -> bool:
        """Whether it read less than the whole conversation."""
        return self.covered < self.total

    @property
    def author(self) -> str:
        """Who said it: "Gemini · gemini-3.5-flash-lite"."""
        return author_of(self.analysis.provider, self.analysis.model)

    @property
    def cost(self) -> str:
        """What it cost in US dollars; nothing where it was free or isn't known."""
        micro = self.analysis.cost_micro_usd
        return f"${micro / MICRO:.4f}" if micro else ""


def author_of(provider: str, model: str) -> str:
    """An analyser's name for people."""
    vendor = str(VENDORS.get(provider, provider))
    return " · ".join(part for part in (vendor, model) if part)


def stages_by_name(pipeline: Pipeline | None) -> dict[str, Stage]:
    """A pipeline's stages by folded name."""
    return (
        {stage.name.strip().casefold(): stage for stage in pipeline.stages.all()}
        if pipeline
        else {}
    )


def present(
    analysis: Analysis, *, pipeline: Pipeline | None, shown: set[str], total: int | None = None
) -> Opinion:
    """An analysis with its stages looked up; `shown` are the messages on the page, by Meta's ids."""
    known = stages_by_name(pipeline)
    covered = len(analysis.covered_message_ids)
    return Opinion(
        analysis=analysis,
        choices=[
            choice_of(one.get("stage", ""), one.get("probability", 0), known)
            for one in analysis.recommendations[:3]
        ],
        evidence=evidence_of(analysis.evidence, shown),
        covered=covered,
        total=max(covered, analysis.message_count or 0, total or 0),
    )


def choice_of(name: str, probability: int, known: dict[str, Stage]) -> Choice:
    """A recommendation with its stage's colour."""
    stage = known.get(name.strip().casefold())
    return Choice(
        stage.name if stage else name,
        stage.color if stage else NEUTRAL,
        probability,
        stage.id if stage else None,
    )


def evidence_of(rows: Sequence[dict[str, str]], shown: set[str]) -> list[Evidence]:
    """Quotes; those whose message isn't shown lead to where it is."""
    return [
        Evidence(
            row["messageId"],
            row["quote"],
            "" if row["messageId"] in shown else f"?{urlencode({'message': row['messageId']})}",
        )
        for row in rows
        if row.get("quote")
    ]


def quotes_of(rows: Sequence[dict[str, str]]) -> dict[str, list[str]]:
    """The quotes by message."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.get("messageId", ""), []).append(row.get("quote", ""))
    return found


def pipeline_of(
    contact: Contact, suggestion: Suggestion | None, pipelines: Sequence[Pipeline]
) -> Pipeline | None:
    """The pipeline whose stages are offered: the suggestion's, the contact's, the Page's, the default."""
    wanted = [
        suggestion.pipeline_id if suggestion else None,
        contact.pipeline_id,
        contact.page.auto_pipeline_id,
    ]
    by_id = {row.id: row for row in pipelines}
    chosen = next((by_id[one] for one in wanted if one in by_id), None)
    return (
        chosen
        or next((row for row in pipelines if row.is_default), None)
        or next(iter(pipelines), None)
    )
