"""Addresses of privacy. The first three are entered in the Meta app's dashboard or given to people."""

from django.urls import path

from hirocrm.web.privacy import callbacks, export, retention

urlpatterns = [
    path("meta/deauthorize", callbacks.deauthorize, name="meta-deauthorize"),
    path("meta/data-deletion", callbacks.data_deletion, name="meta-data-deletion"),
    path("meta/data-deletion/<str:code>", callbacks.deletion_status, name="deletion-status"),
    path("contacts/<uuid:contact_id>/export.json", export.contact, name="contact-json"),
    path("settings/privacy", retention.retention, name="privacy-settings"),
]
