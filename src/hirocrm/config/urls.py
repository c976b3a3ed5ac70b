"""Every address: the JSON API under /api, health at /healthz, and the pages."""

from django.urls import URLPattern, URLResolver, include, path

from hirocrm.api.app import api
from hirocrm.config.health import healthz

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz),
    path("api/", api.urls),
    path("accounts/", include("allauth.account.urls")),
    path("", include("hirocrm.web.urls")),
]

handler400 = "hirocrm.web.errors.bad_request"
handler403 = "hirocrm.web.errors.permission_denied"
handler404 = "hirocrm.web.errors.page_not_found"
handler500 = "hirocrm.config.outage.answer_failure"
