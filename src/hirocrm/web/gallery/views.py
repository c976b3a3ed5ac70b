"""The gallery of components: for those who build the pages, and for the tests."""

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from hirocrm.web.gallery import samples
from hirocrm.web.gallery.forms import filled_form
from hirocrm.web.toasts import show_toast

TABS = [
    {"label": "Activity", "url": "?tab=activity", "count": 12, "current": True},
    {"label": "Conversation", "url": "?tab=conversation", "count": 143},
    {"label": "Notes", "url": "?tab=notes", "count": 0},
    {"label": "Data", "url": "?tab=data"},
]


def _must_be_shown_to(request: HttpRequest) -> None:
    """The gallery exists while developing, and for staff; for anyone else there is no such page."""
    if not (settings.DEBUG or getattr(request.user, "is_staff", False)):
        raise Http404


@require_GET
def gallery(request: HttpRequest) -> HttpResponse:
    """Show every component in every state."""
    _must_be_shown_to(request)
    context = {
        "columns": samples.columns(),
        "messages_shown": samples.messages(),
        "timeline": samples.timeline(),
        "stages": samples.STAGES,
        "now": samples.NOW,
        "form": filled_form(),
        "tabs": TABS,
        "tones": ("", "accent", "ai", "good", "warn", "bad", "info", "outline"),
        "reasons": ["Too expensive", "No answer", "Bought elsewhere"],
        "hues": [f"Person {letter}" for letter in "ABCDEFGHIJ"],
    }
    return render(request, "design/page.html", context)


@require_POST
def move(request: HttpRequest) -> HttpResponse:
    """Take a card's move in the gallery, which has nothing to store: refuse Won, as a conflict would."""
    _must_be_shown_to(request)
    if request.POST.get("stage") == "won":
        return show_toast(HttpResponse(status=409), "Ben Reyes moved it first.", tone="bad")
    return show_toast(HttpResponse(status=204), "Moved.", undo_url="/design/move")
