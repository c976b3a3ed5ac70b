"""Analyses and what they cost; keys and quotas are in `keys`."""

from hirocrm.analysis.models.analyses import Analysis, DailySpend

__all__ = ["Analysis", "DailySpend"]
