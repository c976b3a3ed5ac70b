"""An organization to look at: a Page, a pipeline, and contacts as a test needs them."""

from dataclasses import dataclass
from typing import Any

from hirocrm.contacts.models import Contact
from hirocrm.meta.models import Page
from hirocrm.organizations.models import Member
from hirocrm.pipelines.models import Pipeline, Stage
from tests.factories import ContactFactory, PageFactory, PipelineFactory, StageFactory

STAGES = {"New": "LEAD", "Qualified": "IN_PROGRESS", "Won": "WON", "Lost": "LOST"}


@dataclass(frozen=True)
class Shop:
    """A Page and a pipeline with the stages New, Qualified, Won and Lost."""

    page: Page
    pipeline: Pipeline
    new: Stage
    qualified: Stage
    won: Stage
    lost: Stage

    def contact(self, stage: Stage | None = None, **fields: Any) -> Contact:
        """A contact of the shop, in a stage or in none."""
        place = {"pipeline": self.pipeline, "stage": stage} if stage else {}
        return ContactFactory(page=self.page, **place, **fields)


def make_shop(owner: Member) -> Shop:
    """A shop in the member's organization."""
    page = PageFactory(organization=owner.organization)
    pipeline = PipelineFactory(organization=owner.organization, name="Sales", is_default=True)
    stages = [
        StageFactory(pipeline=pipeline, name=name, type=kind, order=order)
        for order, (name, kind) in enumerate(STAGES.items())
    ]
    return Shop(page, pipeline, *stages)
