import json
from importlib import resources
from typing import Any

import pytest

from hirocrm import samples
from hirocrm.analysis.local.analyser import LocalAnalyser
from hirocrm.analysis.schema import AnalysisRequest, TranscriptMessage
from hirocrm.contacts.snapshots import Sender
from tests.analysis.local.conftest import SALES_PIPELINE

SURE = 70  # the threshold above which a contact is moved without being asked for

# Whom the analyser is sure of although the label says otherwise. Spam: there is no stage for it, so Lost is
# as good as New Lead. The others stand one stage from their label, and people would argue about them.
SPAM = {"Boost PH Fan Growth", "Facebook Ads Support", "QuickPeso Loans"}
ARGUABLE = {"Julia Montes Ong", "Jomar Estrella", "Aileen Cortez"}


def requests() -> list[tuple[dict[str, Any], AnalysisRequest]]:
    """The sample conversations that somebody labelled, each with its request."""
    lines = resources.files(samples).joinpath("conversations.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [(row, _request(row)) for row in rows if row.get("gold_stage")]


def _request(row: dict[str, Any]) -> AnalysisRequest:
    return AnalysisRequest(
        messages=tuple(
            TranscriptMessage(
                id=str(index),
                sender=Sender.CUSTOMER if message["from"] == "customer" else Sender.BUSINESS,
                sent_at=None,
                text=message.get("text"),
                kinds=(message["attachment"]["type"],) if "attachment" in message else (),
            )
            for index, message in enumerate(row["messages"])
        ),
        stages=SALES_PIPELINE,
    )


@pytest.fixture(scope="module")
def answers(analyser: LocalAnalyser):
    asked = requests()
    found = analyser.analyse_many([request for _, request in asked])
    return [(row, answer.result) for (row, _), answer in zip(asked, found, strict=True)]


class TestSampleConversations:
    """Small shops in Taglish, Spanish and English, none of which the head was fitted on."""

    def test_whom_it_moves_wrongly_although_it_is_sure(self, answers):
        wrong = {
            row["name"]
            for row, result in answers
            if result.confidence >= SURE and result.recommended_stage != row["gold_stage"]
        }

        assert wrong == SPAM | ARGUABLE

    def test_how_many_it_places_as_labelled(self, answers):
        right = sum(result.recommended_stage == row["gold_stage"] for row, result in answers)

        assert (right, len(answers)) == (58, 68)
