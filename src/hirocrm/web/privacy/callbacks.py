"""What Meta calls when somebody who connected Pages removes the app or asks for deletion."""

from urllib.parse import urljoin

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from hirocrm.core import clock
from hirocrm.meta.graph.signature import SignedRequest, SignedRequestInvalid
from hirocrm.privacy import callbacks
from hirocrm.privacy.errors import DeletionRequestNotFound


@csrf_exempt
@require_POST
def deauthorize(request: HttpRequest) -> HttpResponse:
    """End the person's connections. A request that Meta didn't sign gets 400, without a reason."""
    signed = _signed(request)
    if signed is None:
        return HttpResponse(status=400)
    callbacks.deauthorize(user_id=signed.user_id, issued_at=signed.issued_at)
    return JsonResponse({"success": True})


@csrf_exempt
@require_POST
def data_deletion(request: HttpRequest) -> HttpResponse:
    """Delete what is known of the person; the answer says where they can see that it happened."""
    signed = _signed(request)
    if signed is None:
        return HttpResponse(status=400)
    made = callbacks.delete_person(
        user_id=signed.user_id, issued_at=signed.issued_at, now=clock.now()
    )
    path = reverse("deletion-status", args=[made.code])
    url = urljoin(str(settings.BASE_URL), path)
    return JsonResponse({"url": url, "confirmation_code": made.code})


@never_cache
@require_GET
def deletion_status(request: HttpRequest, code: str) -> HttpResponse:
    """Tell the person, without signing in, what became of their request."""
    try:
        found = callbacks.get_deletion(code)
    except DeletionRequestNotFound:
        return render(request, "privacy/deletion.html", {"found": None}, status=404)
    return render(request, "privacy/deletion.html", {"found": found})


def _signed(request: HttpRequest) -> SignedRequest | None:
    try:
        return callbacks.read_request(request.POST.get("signed_request", ""))
    except SignedRequestInvalid:
        return None
