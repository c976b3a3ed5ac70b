"""Django's registration of this module."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Registers `hirocrm.core`."""

    name = "hirocrm.core"
    label = "core"
