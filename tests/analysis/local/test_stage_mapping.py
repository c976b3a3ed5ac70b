import numpy as np
import pytest

from hirocrm.analysis.local.families import Family
from hirocrm.analysis.local.stage_mapping import map_stages
from hirocrm.analysis.schema import StageOption, StageType
from tests.analysis.local.conftest import SALES_PIPELINE

T = StageType


def kinds(mapping) -> list[str]:
    return [str(mapping.kinds[kind].name) for kind in mapping.kind_of]


class TestMapStages:
    def test_the_default_pipeline_maps_to_kinds_of_the_same_names(self):
        mapping = map_stages(SALES_PIPELINE, None)

        assert mapping.family is Family.SALES
        assert kinds(mapping) == [stage.name for stage in SALES_PIPELINE]
        assert mapping.direct == (True,) * 7 + (False, False)
        assert mapping.shares.sum(axis=1) == pytest.approx(np.ones(9))

    def test_a_complaint_is_spread_so_that_no_stage_gets_half(self):
        shares = map_stages(SALES_PIPELINE, None).shares

        assert shares[7].max() < 0.5
        assert shares[8, 6] == pytest.approx(0.75)

    def test_taglish_names_alone_are_enough(self):
        names = [("Nagtanong", T.LEAD), ("Nasagot na", T.IN_PROGRESS), ("Interesado", T.IN_PROGRESS), ("Binigyan ng presyo", T.IN_PROGRESS), ("Tumatawad", T.IN_PROGRESS), ("Bayad na", T.WON), ("Hindi natuloy", T.LOST)]  # fmt: skip

        mapping = map_stages([StageOption(name, kind) for name, kind in names], None)

        assert kinds(mapping) == ["New Lead", "Contacted", "Qualified", "Proposal Sent", "Negotiating", "Closed Won", "Closed Lost"]  # fmt: skip

    def test_a_ticket_pipeline_uses_the_support_family(self):
        stages = [
            StageOption("Open", T.LEAD, "A customer reported a problem; nobody replied yet."),
            StageOption("Waiting for customer", T.IN_PROGRESS, "We asked for information."),
            StageOption("Working on it", T.IN_PROGRESS, "We have what we need and must act."),
            StageOption("Solved", T.WON, "Done."),
            StageOption("Could not help", T.LOST, "It ended without a result."),
        ]

        mapping = map_stages(stages, None)

        assert mapping.family is Family.SUPPORT
        assert kinds(mapping) == [
            "New Request",
            "Awaiting Customer",
            "In Progress",
            "Resolved",
            "Unresolved",
        ]

    def test_a_stage_too_many_shares_with_the_nearest(self):
        stages = (*SALES_PIPELINE, StageOption("Delivered", T.WON, "The order was delivered."))

        mapping = map_stages(stages, None)

        assert kinds(mapping)[-1] == "Closed Won"
        assert mapping.shares[5, 5] > mapping.shares[5, 7] > 0.2
