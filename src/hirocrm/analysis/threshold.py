"""What a confidence threshold would have done to a Page's recent contacts, before it is set."""

from dataclasses import dataclass
from uuid import UUID

from hirocrm.analysis.models import Analysis
from hirocrm.organizations import permissions
from hirocrm.organizations.models import Member
from hirocrm.organizations.permissions import Right
from hirocrm.pipelines.models import Assignment, Outcome

RECENT = 100  # analyses the preview is made from


@dataclass(frozen=True, slots=True)
class ThresholdPreview:
    """Of the Page's last analyses: how many would be placed by the AI, how many a person would be asked about.

    `corrected` are those of `automatic` that people moved elsewhere since.
    """

    minimum: int
    analyses: int
    automatic: int
    review: int
    corrected: int


def preview_threshold(*, member: Member, page_id: UUID, minimum: int) -> ThresholdPreview:
    """What `minimum` would have done. Two statements, whatever the size of the Page."""
    permissions.require(member, Right.READ)
    recent = list(
        Analysis.objects.filter(
            organization_id=member.organization_id,
            contact__page_id=page_id,
            pipeline_id__isnull=False,
        )
        .order_by("-created_at", "-id")
        .values_list("id", "confidence")[:RECENT]
    )
    automatic = [analysis_id for analysis_id, confidence in recent if confidence >= minimum]
    corrected = Assignment.objects.filter(
        organization_id=member.organization_id, analysis_id__in=automatic, outcome=Outcome.WRONG
    )
    return ThresholdPreview(
        minimum=minimum,
        analyses=len(recent),
        automatic=len(automatic),
        review=len(recent) - len(automatic),
        corrected=corrected.values("analysis_id").distinct().count(),
    )
