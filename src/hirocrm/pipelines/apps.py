"""Django's registration of this module."""

from django.apps import AppConfig


class PipelinesConfig(AppConfig):
    """Registers `hirocrm.pipelines`."""

    name = "hirocrm.pipelines"
    label = "pipelines"
