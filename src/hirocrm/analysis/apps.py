"""Django's registration of this module."""

from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    """Registers `hirocrm.analysis`."""

    name = "hirocrm.analysis"
    label = "analysis"
