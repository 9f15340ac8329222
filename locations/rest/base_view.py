"""The base class of all API endpoints."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.utils.cache import add_never_cache_headers
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from core.security.rate_counts import Rate
from locations.models import Scope
from locations.principals import Principal
from locations.rest.problems import ScopeMissing, TooManyRequests
from locations.rest.throttling import CallRateThrottle


class ApiView(APIView):
    """An API endpoint for an API key. Responses may contain credentials and are never cached.

    Reading requires the scope ``read``, everything else ``write_scope``. Every call counts
    against the rate limit, refused ones too."""

    write_scope: ClassVar[Scope] = Scope.MANAGE
    throttle_classes = [CallRateThrottle]
    _throttles: tuple[BaseThrottle, ...] = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """As in REST framework. Also raises TooManyRequests or ScopeMissing."""
        super().initial(request, *args, **kwargs)
        needed = Scope.READ if request.method in SAFE_METHODS else self.write_scope
        if request.method in self.allowed_methods and needed not in principal_of(request).scopes:
            raise ScopeMissing(needed)

    def get_throttles(self) -> list[BaseThrottle]:
        self._throttles = tuple(super().get_throttles())  # kept for the response headers
        return list(self._throttles)

    def throttled(self, request: Request, wait: float | None) -> NoReturn:
        rate = self._rate
        assert rate is not None and rate.wait is not None  # noqa: S101  # it was exceeded
        detail = f"At most {rate.limit} calls per minute are allowed. Try again in {rate.wait} s."
        raise TooManyRequests(detail, rate.wait)

    @property
    def _rate(self) -> Rate | None:
        throttles = (t for t in self._throttles if isinstance(t, CallRateThrottle))
        return next((throttle.rate for throttle in throttles), None)

    def finalize_response(self, *args: Any, **kwargs: Any) -> Response:
        response: Response = super().finalize_response(*args, **kwargs)
        add_never_cache_headers(response)
        for name, value in self._rate.headers.items() if self._rate else ():
            response[name] = value
        return response


def principal_of(request: Request) -> Principal:
    """Return the caller of an authenticated request."""
    principal: Principal = request.user  # type: ignore[assignment]
    return principal
