"""The first steps of an organization: what is done follows from what is there, so nothing needs ticking."""

from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Exists

from hirocrm.analysis.models import Analysis
from hirocrm.contacts.models import Contact
from hirocrm.meta import queries as pages
from hirocrm.meta.models import Page
from hirocrm.organizations import onboarding, permissions
from hirocrm.organizations.models import AuditEntry, Invitation, Member
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines.models import Assignment

TRIED_CONVERSATIONS = 5
REVIEWED = 10


class Step(StrEnum):
    """What a new organization does first, in order."""

    BRING_IN = "bring_in"
    STAGES = "stages"
    TRY_AI = "try_ai"
    THRESHOLD = "threshold"
    REVIEW = "review"
    INVITE = "invite"


@dataclass(frozen=True, slots=True)
class StepState:
    """A step; `count` of `goal` where there is something to count."""

    step: Step
    is_done: bool
    is_skipped: bool
    count: int = 0
    goal: int = 0


@dataclass(frozen=True, slots=True)
class Checklist:
    """All steps, and whether the list was put away."""

    steps: list[StepState]
    is_dismissed: bool
    page: Page | None  # where conversations come from, if from anywhere

    @property
    def done(self) -> int:
        """How many steps need no more attention."""
        return sum(state.is_done or state.is_skipped for state in self.steps)

    @property
    def is_finished(self) -> bool:
        """Whether nothing is left."""
        return self.done == len(self.steps)


def get_checklist(*, member: Member) -> Checklist:
    """The organization's first steps as they stand."""
    permissions.require(member, Right.READ)
    marks = onboarding.read_marks(member=member)
    facts = _facts(member)
    read = min(_count(Analysis, member, TRIED_CONVERSATIONS), TRIED_CONVERSATIONS)
    reviewed = _reviewed(member)
    counts = {Step.TRY_AI: (read, TRIED_CONVERSATIONS), Step.REVIEW: (reviewed, REVIEWED)}
    done = {
        Step.BRING_IN: facts["has_contact"],
        Step.STAGES: facts["touched_stages"] or Step.STAGES in marks.seen,
        Step.TRY_AI: read >= TRIED_CONVERSATIONS or Step.TRY_AI in marks.seen,
        Step.THRESHOLD: facts["set_threshold"],
        Step.REVIEW: reviewed >= REVIEWED or (reviewed > 0 and not facts["has_waiting"]),
        Step.INVITE: facts["has_company"],
    }
    steps = [
        StepState(step, done[step], step.value in marks.skipped, *counts.get(step, (0, 0)))
        for step in Step
    ]
    page = pages.list_pages(member=member).order_by("created_at", "id").first()
    return Checklist(steps, marks.is_dismissed, page)


def _facts(member: Member) -> dict[str, bool]:
    """What is there, in one statement."""
    mine = {"organization_id": member.organization_id}
    audit = AuditEntry.objects.filter(**mine)
    colleagues = Member.objects.filter(**mine).exclude(id=member.id)
    asked = {
        "has_contact": Exists(Contact.objects.filter(**mine)),
        "has_waiting": Exists(Contact.objects.filter(**mine, needs_review=True)),
        "touched_stages": Exists(
            audit.filter(action__in=["pipeline.changed", "stage.changed", "stage.created"])
        ),
        "set_threshold": Exists(
            audit.filter(action="page.changed", details__has_key="auto_pipeline_confidence_min")
        ),
        "has_company": Exists(colleagues) | Exists(Invitation.objects.filter(**mine)),
    }
    row = Member.objects.filter(id=member.id).annotate(**asked).values(*asked).get()
    return {name: bool(row[name]) for name in asked}


def _count(model: type[Analysis], member: Member, most: int) -> int:
    return model.objects.filter(organization_id=member.organization_id)[:most].count()


def _reviewed(member: Member) -> int:
    """Assignments that a person has judged, at most `REVIEWED`."""
    rows = Assignment.objects.filter(
        organization_id=member.organization_id, corrected_at__isnull=False
    )
    return rows[:REVIEWED].count()
