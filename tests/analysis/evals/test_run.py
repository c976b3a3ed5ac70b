import json
from pathlib import Path

import pytest

from hirocrm.analysis.evals import DatasetInvalid, load_dataset, run_eval
from hirocrm.analysis.local.analyser import LocalAnalyser
from hirocrm.analysis.schema import (
    AnalysisAnswer,
    AnalysisRequest,
    AnalysisResult,
    StageType,
    Usage,
)
from hirocrm.core.errors import UpstreamUnavailable

PIPELINES = {
    "sales": {
        "stages": [
            {"name": "New Lead", "outcome": "open", "description": "Just wrote; no reply yet."},
            {"name": "Proposal Sent", "outcome": "open", "description": "A price was given."},
            {"name": "Closed Won", "outcome": "won", "description": "Agreed and paid."},
            {"name": "Closed Lost", "outcome": "lost", "description": "Declined."},
        ]
    },
    "tickets": {
        "stages": [
            {"name": "Open", "outcome": "open", "description": "A problem nobody answered yet."},
            {"name": "Solved", "outcome": "resolved", "description": "Done and finished."},
        ]
    },
}


def row(gold: str, *lines: str, pipeline: str = "sales", **more: object) -> dict[str, object]:
    senders = {"c": "customer", "b": "business"}
    said = [{"from": senders[line[0]], "text": line[2:]} for line in lines]
    return {
        "id": f"r{len(lines)}-{gold}",
        "pipeline": pipeline,
        "messages": said,
        "gold_stage": gold,
    } | more


ROWS = (
    row("New Lead", "c hm po yung bag?"),
    row("Proposal Sent", "c hm po yung bag?", "b 450 po each"),
    row(
        "Closed Won",
        "c hm po?",
        "b 450 po",
        "c sige kunin ko na, paid na po",
        "b Received po, ship out bukas",
    ),
    row("Closed Lost", "c hm po?", "b 450 po", "c ay mahal pala, wag na lang po"),
)


@pytest.fixture
def write(tmp_path: Path):
    def write_dataset(*rows: object, pipelines: object = PIPELINES) -> Path:
        (tmp_path / "pipelines.json").write_text(json.dumps(pipelines), encoding="utf-8")
        path = tmp_path / "rows.jsonl"
        lines = [item if isinstance(item, str) else json.dumps(item) for item in rows]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write_dataset


def answer(stage: str, confidence: int, cost: int | None = 250) -> AnalysisAnswer:
    result = AnalysisResult(summary="s", recommended_stage=stage, confidence=confidence)
    return AnalysisAnswer(result, "canned", "canned-1", Usage(100, 20, 0, cost))


class TestRunEval:
    def test_gives_the_figures_of_canned_answers_exactly(self, write):
        canned = {
            1: answer("new lead", 90),
            2: answer("Closed Won", 60),
            4: answer("Closed Won", 90),
            3: answer("Closed Lost", 90),
        }

        report = run_eval(write(*ROWS), lambda request: canned[len(request.messages)])

        assert (report.n, report.accuracy) == (4, 0.75)
        assert {s: f.f1 for s, f in report.per_stage.items()} == {
            "New Lead": 1.0,
            "Proposal Sent": 0.0,
            "Closed Won": pytest.approx(2 / 3),
            "Closed Lost": 1.0,
        }
        assert report.macro_f1 == pytest.approx((1 + 0 + 2 / 3 + 1) / 4)
        assert report.ece == pytest.approx((1 * abs(0.6 - 0.0) + 3 * abs(0.9 - 1.0)) / 4)
        assert report.confusion["Proposal Sent"] == {
            "New Lead": 0,
            "Proposal Sent": 0,
            "Closed Won": 1,
            "Closed Lost": 0,
        }
        assert [(b.low, b.n, b.accuracy) for b in report.calibration] == [
            (0.5, 1, 0.0),
            (0.8, 3, 1.0),
        ]
        assert (report.cost.tokens_in, report.cost.tokens_out, report.cost.micro_usd) == (
            400,
            80,
            1000,
        )

    def test_the_json_is_one_object_with_the_promised_keys(self, write):
        report = run_eval(write(*ROWS), lambda request: answer("New Lead", 50, cost=None))

        printed = report.to_json()
        data = json.loads(printed)

        assert "\n" not in printed
        assert {"n", "accuracy", "macroF1", "ece", "perStage", "confusion", "cost"} <= data.keys()
        assert data["cost"]["usd"] is None
        assert data["perStage"]["New Lead"] == {
            "precision": 0.25,
            "recall": 1.0,
            "f1": 0.4,
            "support": 1,
        }

    def test_asks_an_asynchronous_analyser_and_counts_its_failures_as_wrong(self, write):
        async def analyse(request: AnalysisRequest) -> AnalysisAnswer:
            if len(request.messages) == 1:
                raise UpstreamUnavailable("The vendor is down.")
            return answer("Closed Lost", 80)

        seen: list[tuple[int, int]] = []
        report = run_eval(
            write(*ROWS), analyse, progress=lambda done, total: seen.append((done, total))
        )

        assert report.accuracy == 0.25
        assert report.failed == {"r1-New Lead": "The vendor is down."}
        assert report.confusion["New Lead"]["(no answer)"] == 1
        assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]

    def test_the_local_analyser_on_rows_it_never_saw(self, write):
        report = run_eval(write(*ROWS), LocalAnalyser(embedder=None))

        assert report.accuracy == 1.0
        assert report.training.startswith("None of the conversations is among the training rows")
        assert "accuracy 1.000" in report.render_text()

    def test_stages_of_several_pipelines_are_reported_together(self, write):
        path = write(ROWS[0], row("Open", "c my order arrived broken", pipeline="tickets"))

        report = run_eval(path, LocalAnalyser(embedder=None))

        assert list(report.per_stage) == [
            "New Lead",
            "Proposal Sent",
            "Closed Won",
            "Closed Lost",
            "Open",
            "Solved",
        ]

    def test_rows_that_were_trained_on_are_judged_by_a_head_that_never_saw_them(self, write):
        taught = LocalAnalyser(embedder=None)
        path = write(*ROWS)
        known = load_dataset(path).conversations[0]
        digest = taught.trained_on(known.request.messages)
        assert digest is None

        pretending = _PretendsToKnow(known.request.messages)
        report = run_eval(path, pretending)

        assert report.training.startswith(
            "1 of 4 conversations are among the shipped training rows"
        )
        assert pretending.left_out == [frozenset({"digest-of-the-first"})]


class _PretendsToKnow(LocalAnalyser):
    def __init__(self, known: object) -> None:
        super().__init__(embedder=None)
        self.known = known
        self.left_out: list[frozenset[str]] = []

    def trained_on(self, messages):
        return "digest-of-the-first" if messages == self.known else None

    def without_rows(self, hashes):
        self.left_out.append(hashes)
        return super().without_rows(hashes)


class TestLoadDataset:
    def test_reads_stages_with_their_types(self, write):
        dataset = load_dataset(write(ROWS[0], row("Open", "c broken", pipeline="tickets")))

        assert [s.type for s in dataset.conversations[0].request.stages] == [
            StageType.LEAD,
            StageType.IN_PROGRESS,
            StageType.WON,
            StageType.LOST,
        ]
        assert [s.type for s in dataset.conversations[1].request.stages] == [
            StageType.LEAD,
            StageType.WON,
        ]

    @pytest.mark.parametrize(
        ("line", "sentence"),
        [
            ("{nonsense", "rows.jsonl line 2 is not JSON."),
            ("[1]", "rows.jsonl line 2 is not a JSON object."),
            (
                row("Nowhere", "c hi"),
                "rows.jsonl line 2: gold_stage 'Nowhere' is not a stage of its pipeline.",
            ),
            (
                row("New Lead", "c hi", pipeline="x"),
                "rows.jsonl line 2: pipeline 'x' is not in pipelines.json.",
            ),
            (
                row("New Lead"),
                "rows.jsonl line 2: messages must be a list with at least one message.",
            ),
            (
                {
                    "pipeline": "sales",
                    "gold_stage": "New Lead",
                    "messages": [{"from": "bot", "text": "x"}],
                },
                'rows.jsonl line 2: message 1 must be {"from": "customer" or "business", "text": …}.',
            ),
        ],
    )
    def test_refuses_a_bad_line_in_one_sentence(self, line, sentence, write):
        with pytest.raises(DatasetInvalid) as refusal:
            load_dataset(write(ROWS[0], line))

        assert refusal.value.sentence == sentence

    def test_refuses_missing_and_empty_files(self, write, tmp_path):
        with pytest.raises(DatasetInvalid, match="There is no file"):
            load_dataset(tmp_path / "absent.jsonl")
        with pytest.raises(DatasetInvalid, match="holds no conversation"):
            load_dataset(write())
        path = write(ROWS[0])
        (tmp_path / "pipelines.json").unlink()
        with pytest.raises(
            DatasetInvalid, match=r"pipelines\.json with the pipelines' stages is missing"
        ):
            load_dataset(path)

    def test_refuses_pipelines_of_another_form(self, write):
        with pytest.raises(DatasetInvalid, match="must map each pipeline"):
            load_dataset(write(ROWS[0], pipelines={"sales": ["New Lead"]}))
