"""Analyses and what they cost; keys and quotas are in `keys`, what was learned from people in `learning`."""

from hirocrm.analysis.models.analysers import AnalyserChoice
from hirocrm.analysis.models.analyses import Analysis, DailySpend
from hirocrm.analysis.models.keys import AnalysisKey, AnalysisQuota, KeyStanding
from hirocrm.analysis.models.learning import LearnedCase

__all__ = [
    "AnalyserChoice",
    "Analysis",
    "AnalysisKey",
    "AnalysisQuota",
    "DailySpend",
    "KeyStanding",
    "LearnedCase",
]
