"""The two places customers write from."""

from enum import StrEnum


class Platform(StrEnum):
    """A messaging platform, by the word Meta uses in `?platform=`."""

    MESSENGER = "messenger"
    INSTAGRAM = "instagram"

    @property
    def title(self) -> str:  # type: ignore[override]  # str.title() is never wanted on an enum member
        """The platform's name as people write it: "Messenger", "Instagram"."""
        return self.value.capitalize()
