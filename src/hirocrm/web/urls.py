"""Addresses of the pages."""

from django.urls import URLPattern, URLResolver, path

from hirocrm.web.appearance import views as appearance
from hirocrm.web.gallery import views as gallery
from hirocrm.web.sign_in import views as sign_in

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/<str:encoded_id>/<str:token>", sign_in.sign_in_by_link, name="sign-in-by-link"),
    path("theme", appearance.choose_theme, name="choose-theme"),
    path("design", gallery.gallery, name="design"),
    path("design/move", gallery.move, name="design-move"),
]
