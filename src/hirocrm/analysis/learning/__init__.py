"""Learning from people's verdicts: kept as cases, recalled by similarity, masked before they are shown."""

from hirocrm.analysis.learning.recall import Lessons, recall

__all__ = ["Lessons", "recall"]
