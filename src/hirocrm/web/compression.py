"""Compressed answers, but never event streams."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from typing_extensions import override


class CompressionMiddleware(GZipMiddleware):
    """Django's, which makes each piece of an asynchronous stream a gzip file of its own.

    Many clients read only the first of these: an event stream would end for them with its first event.
    """

    @override
    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Compress what is whole."""
        if getattr(response, "is_async", False):
            return response
        return super().process_response(request, response)
