"""Why an analysis was not made, as the caller can react to it."""

from datetime import datetime

from hirocrm.core.errors import Conflict, HiroError, Invalid, NotFound, UpstreamRateLimited


class AnalysisFailed(HiroError):
    """This conversation got no analysis. `retriable`: another try later may go better.

    `reason` is a stable word (`model_retired`, `prompt_blocked`, `provider_unavailable`, …), the sentence is
    for people and the same for every conversation that failed for that reason.
    """

    code = "analysis_failed"

    def __init__(self, sentence: str, *, reason: str, retriable: bool) -> None:
        super().__init__(sentence, reason=reason, retriable=retriable)
        self.reason = reason
        self.retriable = retriable


class AllKeysResting(UpstreamRateLimited):
    """Every key rests longer than is worth waiting in a worker: come back at `until`."""

    code = "all_keys_resting"

    def __init__(self, sentence: str, *, until: datetime, retry_after_seconds: float) -> None:
        super().__init__(sentence, retry_after_seconds=retry_after_seconds)
        self.until = until


class BudgetReached(Conflict):
    """The organization's monthly ceiling is reached; analysis stops, contacts are still saved."""

    code = "budget_reached"


class KeyNotFound(NotFound):
    """No such key in this organization."""

    code = "key_not_found"


class KeyInvalid(Invalid):
    """The text isn't an API key, or the vendor isn't known."""

    code = "key_invalid"


class AnalysersInvalid(Invalid):
    """Who is to read conversations, or with which model, can't be taken; the sentence says why."""

    code = "analysers_invalid"


class KeyAlreadyAdded(Conflict):
    """The organization has this key."""

    code = "key_already_added"
