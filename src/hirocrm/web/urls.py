"""Addresses of the pages."""

from django.urls import URLPattern, URLResolver, path

from hirocrm.web.appearance import views as appearance
from hirocrm.web.gallery import views as gallery

urlpatterns: list[URLPattern | URLResolver] = [
    path("theme", appearance.choose_theme, name="choose-theme"),
    path("design", gallery.gallery, name="design"),
    path("design/move", gallery.move, name="design-move"),
]
