"""Django's registration of this module."""

from django.apps import AppConfig


class PrivacyConfig(AppConfig):
    """Registers `hirocrm.privacy`."""

    name = "hirocrm.privacy"
    label = "privacy"
