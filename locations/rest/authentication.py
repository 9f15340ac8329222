"""Authentication of the API by bearer keys."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from core import tenancy
from locations.current_user import ip_address_of
from locations.models import ApiKey
from locations.principals import Principal, principal_of_key
from locations.rest.problems import KeyExpired

LAST_USED_STEP = timedelta(minutes=1)


class BearerKeyAuthentication(BaseAuthentication):
    """``Authorization: Bearer pl_…``. Sets ``request.user`` to the key's ``Principal``."""

    def authenticate(self, request: Request) -> tuple[Principal, ApiKey] | None:
        """Return the principal and the key; None without a bearer header. Raises
        AuthenticationFailed, or KeyExpired."""
        scheme, _, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        with tenancy.everyone():  # no tenant is known yet
            return _authenticate(secret.strip().decode("latin-1"), ip_address_of(request))

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Pairline API"'


def _authenticate(secret: str, address: str | None) -> tuple[Principal, ApiKey]:
    now = timezone.now()
    key = ApiKey.objects.with_secret(secret, now)
    if key is None:
        raise AuthenticationFailed
    if key.is_expired(now):
        raise KeyExpired
    _note_use(key, now)
    return principal_of_key(key, address), key


def _note_use(key: ApiKey, now: datetime) -> None:
    """Update ``last_used_at`` at most once a minute, so that reads rarely cost a write."""
    if key.last_used_at is None or key.last_used_at <= now - LAST_USED_STEP:
        unchanged = Q(last_used_at=key.last_used_at)
        ApiKey.objects.filter(unchanged, pk=key.pk).update(last_used_at=now)


class BearerKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describe ``BearerKeyAuthentication`` in the OpenAPI schema."""

    target_class = "locations.rest.authentication.BearerKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key of your account (`pl_…`). It is shown only once.",
        }
