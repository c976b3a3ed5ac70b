"""Addresses of the list of contacts."""

from django.urls import path

from hirocrm.web.contacts import views

urlpatterns = [path("contacts", views.list_contacts, name="contacts")]
