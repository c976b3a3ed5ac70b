"""Toasts: a passing word at the page's edge, with Undo where something can be taken back."""

from typing import Any

from django.http import HttpResponse
from django_htmx.http import trigger_client_event

UNDO_SECONDS = 10
READ_SECONDS = 5


def show_toast(
    response: HttpResponse, text: str, *, tone: str = "good", undo_url: str = "", seconds: int = 0
) -> HttpResponse:
    """Have the page show `text` when this htmx answer arrives.

    Args:
        response: the answer that carries it (its HX-Trigger header).
        text: one sentence.
        tone: good, warn or bad.
        undo_url: POST there takes it back; the toast then stays `UNDO_SECONDS`.
        seconds: how long it stays; 0 chooses by whether there is an undo.
    """
    shown: dict[str, Any] = {
        "text": text,
        "tone": tone,
        "undoUrl": undo_url,
        "seconds": seconds or (UNDO_SECONDS if undo_url else READ_SECONDS),
    }
    return trigger_client_event(response, "toast", shown)
