"""Django's registration of this module."""

from django.apps import AppConfig


class InboxConfig(AppConfig):
    """Registers `hirocrm.inbox`."""

    name = "hirocrm.inbox"
    label = "inbox"
