"""Django's registration of this module."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Registers `hirocrm.web`."""

    name = "hirocrm.web"
    label = "web"
