"""What signing up asks for beside allauth's own fields (ACCOUNT_SIGNUP_FORM_CLASS)."""

from typing import Any
from urllib.parse import urlsplit

from allauth.core import context
from django import forms
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _

from hirocrm.core import clock
from hirocrm.organizations import queries
from hirocrm.organizations.errors import InvitationNotFound
from hirocrm.organizations.models import User
from hirocrm.pipelines.onboarding import create_organization


class SignUpForm(forms.Form):
    """The business that a new person brings along; who follows an invitation's link brings none."""

    field_order = ("business", "email", "password1")
    business = forms.CharField(
        label=_("Name of your business"),
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if follows_invitation(context.request):
            del self.fields["business"]

    def signup(self, _request: HttpRequest, user: User) -> None:
        """Found the organization; allauth calls it once the user is saved.

        Whose address somebody has invited gets none: most of them look for that one, by the wrong door.
        """
        now = clock.now()
        business = self.cleaned_data.get("business")
        if business and not queries.is_invited(user=user, now=now):
            create_organization(user=user, name=business, now=now)


def follows_invitation(request: HttpRequest) -> bool:
    """Whether the person signs up to take up an invitation: their `next` is its link, and it is open."""
    following = request.POST.get("next") or request.GET.get("next", "")
    try:
        match = resolve(urlsplit(following).path)
        if match.url_name != "join":
            return False
        queries.get_invitation(plain=match.kwargs["secret"], now=clock.now())
    except (Resolver404, InvitationNotFound, ValueError):
        return False
    return True
