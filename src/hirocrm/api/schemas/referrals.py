"""Where a contact came from."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from hirocrm.api.schemas.base import ApiSchema


class ReferralOut(ApiSchema):
    """How a contact came, or came back, to the Page, as Meta told it; null where Meta doesn't say."""

    source: Annotated[
        str | None,
        Field(description="Meta's word: ADS, SHORTLINK (m.me), IGME-SOURCE-LINK (ig.me), OPTIN …"),
    ]
    type: str | None
    ref: Annotated[str | None, Field(description="What the link or the ad gave along.")]
    ad_id: str | None
    ad_title: str | None
    at: datetime

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> "ReferralOut":
        """One of a contact's referrals as JSON has it."""
        words = {name: told.get(key) or None for name, key in _WORDS.items()}
        return cls(**words, at=datetime.fromisoformat(told["at"]))


_WORDS = {
    "source": "source",
    "type": "type",
    "ref": "ref",
    "ad_id": "adId",
    "ad_title": "adTitle",
}
