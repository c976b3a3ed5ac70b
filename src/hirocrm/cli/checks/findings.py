"""One line of the doctor's report."""

from dataclasses import asdict, dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it stands, and what to do if it isn't well."""

    name: str
    status: Status
    detail: str
    advice: str = ""

    def to_dict(self) -> dict[str, str]:
        """With the names of the JSON."""
        return asdict(self)

    def to_line(self) -> str:
        """For people."""
        advice = f" {self.advice}" if self.advice else ""
        return f"{self.status:<5}{self.name:<12}{self.detail}{advice}"


def ok(name: str, detail: str) -> Finding:
    """All is well."""
    return Finding(name, "ok", detail)


def warn(name: str, detail: str, advice: str) -> Finding:
    """It works, but something is missing or will break."""
    return Finding(name, "warn", detail, advice)


def fail(name: str, detail: str, advice: str) -> Finding:
    """It doesn't work."""
    return Finding(name, "fail", detail, advice)
