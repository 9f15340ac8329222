"""The view that every endpoint of the API is made of."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.cache import add_never_cache_headers
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from locations.models import ApiKey, Scope
from locations.principals import Principal
from locations.rest.problems import ScopeMissing, TooManyRequests
from locations.rest.throttling import Rate, count_call


class ApiView(APIView):
    """An endpoint for a key. Its answers may hold credentials: nobody may store them.

    Reading takes the scope ``read``, everything else ``write_scope``. Each call counts."""

    write_scope: ClassVar[Scope] = Scope.MANAGE
    rate: Rate | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """As REST framework's; raises TooManyRequests or ScopeMissing besides."""
        super().initial(request, *args, **kwargs)
        needed = Scope.READ if request.method in SAFE_METHODS else self.write_scope
        if request.method in self.allowed_methods and needed not in principal_of(request).scopes:
            raise ScopeMissing(needed)

    def check_throttles(self, request: Request) -> None:
        self.rate = count_call(key_of(request))
        if self.rate is not None and self.rate.wait is not None:
            raise TooManyRequests(self.rate.limit, self.rate.wait)

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().finalize_response(*args, **kwargs)
        add_never_cache_headers(response)
        for name, value in self.rate.headers.items() if self.rate else ():
            response[name] = value
        return response


def principal_of(request: Request) -> Principal:
    """Who asks; only after authentication has let the request in."""
    principal: Principal = request.user  # type: ignore[assignment]
    return principal


def key_of(request: Request) -> ApiKey:
    """The key that was sent; only after authentication has let the request in."""
    key: ApiKey = request.auth  # type: ignore[assignment]
    return key
