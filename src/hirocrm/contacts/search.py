"""What a contact is found by, and how a person's words become a query."""

from collections.abc import Iterable

MAX_LENGTH = 8000


def build_search_text(
    first_name: str, last_name: str, username: str, tags: Iterable[str], texts: Iterable[str]
) -> str:
    """The text a contact is found by: names and tags first, so that a cut never loses them."""
    parts = (first_name, last_name, username, *tags, *texts)
    return "\n".join(part for part in parts if part)[:MAX_LENGTH]
