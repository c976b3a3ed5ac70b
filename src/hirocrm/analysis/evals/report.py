"""What an evaluation found: figures as plain data, as JSON, as text."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from hirocrm.analysis.evals.figures import CalibrationBin, StageFigures


@dataclass(frozen=True, slots=True)
class EvalCost:
    """What the run took. Money is None where a price is unknown."""

    tokens_in: int
    tokens_out: int
    micro_usd: int | None
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """With the names of the JSON."""
        return {
            "tokensIn": self.tokens_in,
            "tokensOut": self.tokens_out,
            "usd": None if self.micro_usd is None else self.micro_usd / 1_000_000,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True, slots=True)
class EvalReport:
    """The figures of one analyser on one file. `training` says what it had seen before."""

    n: int
    accuracy: float
    macro_f1: float
    ece: float
    per_stage: dict[str, StageFigures]
    confusion: dict[str, dict[str, int]]
    cost: EvalCost
    calibration: list[CalibrationBin]
    analyser: str
    training: str
    failed: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain data with the names of the JSON."""
        return {
            "n": self.n,
            "accuracy": round(self.accuracy, 4),
            "macroF1": round(self.macro_f1, 4),
            "ece": round(self.ece, 4),
            "perStage": {
                stage: {name: round(value, 4) for name, value in asdict(figures).items()}
                for stage, figures in self.per_stage.items()
            },
            "confusion": self.confusion,
            "cost": self.cost.to_dict(),
            "calibration": [
                {name: round(value, 4) for name, value in asdict(item).items()}
                for item in self.calibration
            ],
            "analyzer": self.analyser,
            "training": self.training,
            "failed": self.failed,
        }

    def to_json(self) -> str:
        """One JSON object on one line."""
        return json.dumps(self.to_dict(), ensure_ascii=False)

    def render_text(self) -> str:
        """The same for people, in plain columns."""
        parts = [
            (
                f"{self.analyser}: {self.n} conversations, accuracy {self.accuracy:.3f}, "
                f"macro-F1 {self.macro_f1:.3f}, calibration error {self.ece:.3f}"
            ),
            self.training,
            self._stage_table(),
            self._confusion_table(),
            self._calibration_table(),
            self._cost_line(),
        ]
        if self.failed:
            first = next(iter(self.failed.items()))
            parts.append(
                f"No answer for {len(self.failed)}, counted as wrong; {first[0]}: {first[1]}"
            )
        return "\n\n".join(part for part in parts if part)

    def _stage_table(self) -> str:
        width = max(len(stage) for stage in self.per_stage)
        lines = [f"{'stage':<{width}}  precision  recall     F1      n"]
        lines += [
            f"{stage:<{width}}  {f.precision:>9.3f}  {f.recall:>6.3f}  {f.f1:>5.3f}  {f.support:>5}"
            for stage, f in self.per_stage.items()
        ]
        return "\n".join(lines)

    def _confusion_table(self) -> str:
        width = max(len(stage) for stage in self.confusion)
        columns = list(next(iter(self.confusion.values())))
        lines = ["Rows: the right stage. Columns: the answer, by number in the order of the rows."]
        lines.append(" " * (width + 4) + "".join(f"{i:>5}" for i in range(1, len(columns) + 1)))
        for number, (stage, counts) in enumerate(self.confusion.items(), start=1):
            cells = "".join(f"{counts[column] or '·':>5}" for column in columns)
            lines.append(f"{number:>2}  {stage:<{width}}{cells}")
        return "\n".join(lines)

    def _calibration_table(self) -> str:
        lines = ["said to be sure   n   on average   really right"]
        lines += [
            f"{item.low:>6.0%} – {item.high:<6.0%} {item.n:>4} {item.confidence:>11.1%} {item.accuracy:>14.1%}"
            for item in self.calibration
        ]
        return "\n".join(lines)

    def _cost_line(self) -> str:
        cost = self.cost
        money = "price unknown" if cost.micro_usd is None else f"${cost.micro_usd / 1e6:.4f}"
        return f"Cost: {cost.tokens_in} tokens in, {cost.tokens_out} out, {money}, {cost.seconds:.1f} s"
