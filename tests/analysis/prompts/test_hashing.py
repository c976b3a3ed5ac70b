from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hirocrm.analysis.prompts import input_hash
from hirocrm.analysis.schema import AnalysisRequest, Example
from tests.analysis.requests import STAGES, conversation, message


def digest(request: AnalysisRequest, **names: str) -> str:
    return input_hash(request, **{"provider": "gemini", "model": "g", **names})


class TestInputHash:
    def test_is_stable_across_versions_of_the_code(self) -> None:
        assert digest(conversation("hi", "hello")) == (
            "b263d4e84701806135166b1d8346bdd42049d4409c8b90fb960ae7cb32a3668d"
        )

    @pytest.mark.parametrize(
        "change",
        [
            {"now": datetime(2026, 11, 22, tzinfo=UTC)},
            {"previous_summary": "Something."},
            {"corrections": (Example("x", "Contacted"),)},
            {"message_count": 99},
        ],
    )
    def test_ignores_what_changes_by_itself(self, change: dict[str, Any]) -> None:
        assert digest(conversation("hi", **change)) == digest(conversation("hi"))

    @pytest.mark.parametrize(
        "change",
        [
            {"stages": STAGES[:2]},
            {"stages": (replace(STAGES[0], description="other"), *STAGES[1:])},
            {"pipeline_instructions": "Be strict."},
            {"pipeline_examples": (Example("x", "Contacted"),)},
            {"business_description": "Shoes."},
            {"language": "es"},
            {"messages": (message(0, "hi, edited"),)},
            {"messages": (message(0, "hi"), message(2, "more"))},
        ],
    )
    def test_sees_everything_else(self, change: dict[str, Any]) -> None:
        assert digest(replace(conversation("hi"), **change)) != digest(conversation("hi"))

    @pytest.mark.parametrize(
        "names", [{"provider": "openai"}, {"model": "h"}, {"prompt_version": "2027-1"}]
    )
    def test_sees_who_is_asked(self, names: dict[str, str]) -> None:
        assert digest(conversation("hi"), **names) != digest(conversation("hi"))
