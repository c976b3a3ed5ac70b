"""Addresses of the pages."""

from django.urls import URLPattern, URLResolver, include, path

from hirocrm.web.appearance import views as appearance
from hirocrm.web.gallery import views as gallery
from hirocrm.web.imports import views as imports
from hirocrm.web.onboarding import views as onboarding
from hirocrm.web.pages import overview as page_overview
from hirocrm.web.pages import views as pages
from hirocrm.web.runs import error_file
from hirocrm.web.runs import views as runs
from hirocrm.web.sign_in import views as sign_in

urlpatterns: list[URLPattern | URLResolver] = [
    path("sign-in/<str:encoded_id>/<str:token>", sign_in.sign_in_by_link, name="sign-in-by-link"),
    path("", include("hirocrm.web.board.urls")),
    path("", include("hirocrm.web.contacts.urls")),
    path("", include("hirocrm.web.contact.urls")),
    path("", include("hirocrm.web.review.urls")),
    path("", include("hirocrm.web.inbox.urls")),
    path("", include("hirocrm.web.privacy.urls")),
    path("", include("hirocrm.web.live.urls")),
    path("theme", appearance.choose_theme, name="choose-theme"),
    path("design", gallery.gallery, name="design"),
    path("design/move", gallery.move, name="design-move"),
    path("welcome", onboarding.welcome, name="onboarding"),
    path("start", onboarding.start, name="start"),
    path("welcome/skip/<str:step>", onboarding.skip, name="welcome-skip"),
    path("welcome/dismiss", onboarding.dismiss, name="welcome-dismiss"),
    path("welcome/reset", onboarding.reset, name="welcome-reset"),
    path("welcome/card", onboarding.card, name="welcome-card"),
    path("welcome/demo", onboarding.load_demo, name="demo-load"),
    path("welcome/demo/remove", onboarding.remove_demo, name="demo-remove"),
    path("", include("hirocrm.web.pipelines.urls")),
    path("", include("hirocrm.web.settings.urls")),
    path("", include("hirocrm.web.connect.urls")),
    path("pages", page_overview.page_list, name="pages"),
    path("pages/connect", pages.connect, name="page-connect"),
    path("pages/<uuid:page_id>", pages.page_settings, name="page-settings"),
    path("pages/<uuid:page_id>/threshold", pages.threshold, name="page-threshold"),
    path("pages/<uuid:page_id>/sync", pages.sync_now, name="page-sync"),
    path("pages/<uuid:page_id>/check", pages.check, name="page-check"),
    path("pages/<uuid:page_id>/remove", pages.remove, name="page-remove"),
    path("imports", imports.imports, name="imports"),
    path("imports/<uuid:upload_id>", imports.own_name, name="import-name"),
    path("runs", runs.run_list, name="runs"),
    path("runs/<uuid:run_id>", runs.run_detail, name="run"),
    path("runs/<uuid:run_id>/errors.csv", error_file.download, name="run-errors"),  # type: ignore[arg-type]  # the stubs know no asynchronous views
    path("runs/<uuid:run_id>/cancel", runs.cancel, name="run-cancel"),
    path("runs/<uuid:run_id>/retry", runs.retry, name="run-retry"),
    path("runs/<uuid:run_id>/undo", runs.undo, name="run-undo"),
]
