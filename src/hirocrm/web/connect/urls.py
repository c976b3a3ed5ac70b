"""Addresses of connecting. The callbacks are known to the Meta app: changing them breaks installs."""

from django.urls import path

from hirocrm.meta.login_dialog import CALLBACK_PATHS
from hirocrm.meta.models import Flavour
from hirocrm.web.connect import first_sync, views

urlpatterns = [
    path("connect/facebook", views.start_facebook, name="connect-facebook"),
    path("connect/instagram", views.start_instagram, name="connect-instagram"),
    path(
        CALLBACK_PATHS[Flavour.PAGE].lstrip("/"), views.facebook_callback, name="facebook-callback"
    ),
    path(
        CALLBACK_PATHS[Flavour.INSTAGRAM].lstrip("/"),
        views.instagram_callback,
        name="instagram-callback",
    ),
    path("connect/choose/<uuid:login_id>", views.choose, name="connect-choose"),
    path("connect/choose/<uuid:login_id>/progress", views.progress, name="connect-progress"),
    path("connect/first-sync", first_sync.first_sync, name="first-sync"),
    path("connect/first-sync/outlook", first_sync.outlook, name="first-sync-outlook"),
]
