"""Django's registration of this module."""

from django.apps import AppConfig


class SyncConfig(AppConfig):
    """Registers `hirocrm.sync`."""

    name = "hirocrm.sync"
    label = "sync"
