"""What passes between the ledger in the database and the pool of a process."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from hirocrm.core.errors import HiroError


@dataclass(frozen=True, slots=True)
class Source:
    """Where an analysis may get a key from: one vendor, for one organization, models in order."""

    provider: str
    organization_id: UUID | None
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Slice:
    """So many requests with one key and model, to be sent within LEASE_SECONDS of being handed out.

    `requests` None: as many as one likes. `is_booked`: they count in the sliding minute. `is_probe`: nobody knows yet whether this key works here.
    """

    provider: str
    key_id: UUID
    budget_id: str
    model: str
    slot: int
    issued_at: float  # Unix seconds, by the database's clock
    requests: int | None
    tokens_each: int = 0
    is_booked: bool = True
    is_probe: bool = False
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """What became of requests: booked ones given back (negative), tokens corrected, answers seen."""

    provider: str
    budget_id: str
    model: str
    slot: int
    key_id: UUID
    requests: int = 0
    tokens: int = 0
    sent_unbooked: int = 0
    answered: bool = False
    ends_probe: bool = False


@dataclass(frozen=True, slots=True)
class Handout:
    """The ledger's answer: slices, or until when there are none, or why there never will be."""

    slices: tuple[Slice, ...] = ()
    wait_seconds: float | None = None
    waiting_until: datetime | None = None
    wait_reason: str = ""
    trouble: HiroError | None = None
