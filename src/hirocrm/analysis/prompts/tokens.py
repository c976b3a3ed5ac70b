"""A cheap guess at tokens, good to about a quarter, for budgets and estimates; bills use real counts."""


def estimate_tokens(text: str) -> int:
    """Return about how many tokens a text is: four ASCII letters a token, four other letters three."""
    ascii_letters = len(text.encode("ascii", "ignore"))
    return (ascii_letters + 3 * (len(text) - ascii_letters) + 3) // 4
