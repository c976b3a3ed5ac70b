"""The address of the live news."""

from django.urls import path

from hirocrm.web.live import views

urlpatterns = [
    path("events", views.events, name="live-events"),  # type: ignore[arg-type]  # the stubs know no asynchronous views
]
