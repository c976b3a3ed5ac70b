"""Django's registration of this module."""

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    """Registers `hirocrm.contacts`."""

    name = "hirocrm.contacts"
    label = "contacts"
