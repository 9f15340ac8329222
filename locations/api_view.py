"""The view that every endpoint of the API is made of."""

from __future__ import annotations

from typing import Any

from django.utils.cache import add_never_cache_headers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from locations.access import Principal


class ApiView(APIView):
    """An endpoint for a key. Its answers may hold credentials: nobody may store them."""

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().finalize_response(*args, **kwargs)
        add_never_cache_headers(response)
        return response


def principal_of(request: Request) -> Principal:
    """Who asks; only after authentication has let the request in."""
    principal: Principal = request.user  # type: ignore[assignment]
    return principal
