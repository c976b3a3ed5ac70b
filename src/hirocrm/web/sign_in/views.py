"""The page behind a sign-in link."""

from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from hirocrm.organizations.sign_in_links import find_user_by_link

BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@require_GET
def sign_in_by_link(request: HttpRequest, encoded_id: str, token: str) -> HttpResponse:
    """Sign the link's user in and go to the start page; a used link leads to the sign-in form."""
    user = find_user_by_link(encoded_id=encoded_id, token=token)
    if user is None:
        messages.warning(request, _("This link was used already or is too old. Sign in instead."))
        return redirect("account_login")
    login(request, user, backend=BACKEND)
    answer = redirect("/")
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
