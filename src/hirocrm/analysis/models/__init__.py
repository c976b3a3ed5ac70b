"""Analyses and what they cost; keys and quotas are in `keys`."""

from hirocrm.analysis.models.analyses import Analysis, DailySpend
from hirocrm.analysis.models.keys import AnalysisKey, AnalysisQuota, KeyStanding

__all__ = ["Analysis", "AnalysisKey", "AnalysisQuota", "DailySpend", "KeyStanding"]
