"""A slice of a key's quota, for tests."""

import uuid
from typing import Any

from hirocrm.analysis.key_pool.slices import Slice


def one_request(**changes: Any) -> Slice:
    """One request of a key of Gemini."""
    known: dict[str, Any] = {
        "provider": "gemini",
        "key_id": uuid.uuid4(),
        "budget_id": "key:x",
        "model": "m",
        "slot": 1,
        "issued_at": 1.0,
        "requests": 1,
    }
    return Slice(**known | changes)
