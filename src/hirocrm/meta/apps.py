"""Django's registration of this module."""

from django.apps import AppConfig


class MetaConfig(AppConfig):
    """Registers `hirocrm.meta`."""

    name = "hirocrm.meta"
    label = "meta"
