"""Reading what an address or a form sends, which may be anything."""

from uuid import UUID


def read_uuid(text: str) -> UUID | None:
    """The id that the text is, or None where it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
