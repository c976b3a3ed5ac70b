"""Django's registration of this module."""

from django.apps import AppConfig


class OrganizationsConfig(AppConfig):
    """Registers `hirocrm.organizations`."""

    name = "hirocrm.organizations"
    label = "organizations"
