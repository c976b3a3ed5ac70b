"""Everything known of one conversation once the stage is chosen: what the texts are written from."""

from dataclasses import dataclass
from datetime import date, datetime

from hirocrm.analysis.local.families import Kind
from hirocrm.analysis.local.situation import Archetype, Moment, Situation
from hirocrm.analysis.local.turns import Turn
from hirocrm.analysis.schema import AnalysisRequest, LeadStatus

SILENT_AFTER_DAYS = 7
_OPEN = frozenset(
    {LeadStatus.NEW, LeadStatus.CONTACTED, LeadStatus.QUALIFIED, LeadStatus.PROPOSAL_SENT, LeadStatus.NEGOTIATING}
)  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """A conversation, read. `kind_shares` are the kinds' probabilities, in the family's order."""

    request: AnalysisRequest
    turns: tuple[Turn, ...]
    situation: Situation
    kind: Kind
    kinds: tuple[Kind, ...]
    kind_shares: tuple[float, ...]
    polarity: float
    injections: int

    @property
    def readable(self) -> bool:
        """Whether anybody wrote a word."""
        return any(character.isalnum() for turn in self.turns for character in turn.text)

    @property
    def last(self) -> Turn | None:
        """The latest turn."""
        return self.turns[-1] if self.turns else None

    @property
    def business_spoke_last(self) -> bool:
        """Whether it is the customer who owes an answer."""
        return bool(self.last and not self.last.from_customer)

    @property
    def answered(self) -> bool:
        """Whether the business has said anything at all."""
        return any(not turn.from_customer for turn in self.turns)

    @property
    def silent_days(self) -> int:
        """Whole days since the business spoke last and nobody answered; 0 when unknown."""
        sent, now = self.last.sent_at if self.last else None, self.request.now
        if not self.business_spoke_last or sent is None or now is None:
            return 0
        return max(0, (_naive(now) - _naive(sent)).days)

    @property
    def today(self) -> date | None:
        """The day the analysis is made, if the caller says."""
        return self.request.now.date() if self.request.now else None

    @property
    def is_open(self) -> bool:
        """Whether the deal is neither won nor lost, nor something else than a deal."""
        return self.kind.status in _OPEN and not self.is_support

    @property
    def is_support(self) -> bool:
        """Whether an existing customer wants help."""
        return self.kind.name == Archetype.SUPPORT

    @property
    def lead_status(self) -> LeadStatus:
        """The status that goes with the kind of stage; UNRESPONSIVE after a week of silence."""
        if self.is_open and self.silent_days >= SILENT_AFTER_DAYS:
            return LeadStatus.UNRESPONSIVE
        if self.is_support and self.situation.has(Moment.PAYMENT):
            return LeadStatus.WON
        return self.kind.status


def _naive(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)
