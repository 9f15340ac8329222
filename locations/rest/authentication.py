"""Who asks over the API: bearer keys."""

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
    """``Authorization: Bearer pl_…``; the request's user is then the key's ``Principal``."""

    def authenticate(self, request: Request) -> tuple[Principal, ApiKey] | None:
        """The key's principal; None without a bearer header. Raises AuthenticationFailed, or
        KeyExpired when the key was right until its time was over."""
        scheme, _, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        with tenancy.everyone():  # the door itself: here it is found out whose rows it may see
            return _let_in(secret.strip().decode("latin-1"), ip_address_of(request))

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="Pairline API"'


def _let_in(secret: str, address: str | None) -> tuple[Principal, ApiKey]:
    now = timezone.now()
    key = ApiKey.objects.with_secret(secret, now)
    if key is None:
        raise AuthenticationFailed
    if key.is_expired(now):
        raise KeyExpired
    _note_use(key, now)
    return principal_of_key(key, address), key


def _note_use(key: ApiKey, now: datetime) -> None:
    """Remember the use, at most once a minute: a read should not cost a write each time."""
    if key.last_used_at is None or key.last_used_at <= now - LAST_USED_STEP:
        unchanged = Q(last_used_at=key.last_used_at)
        ApiKey.objects.filter(unchanged, pk=key.pk).update(last_used_at=now)


class BearerKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI schema describes ``BearerKeyAuthentication``."""

    target_class = "locations.rest.authentication.BearerKeyAuthentication"
    name = "ApiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "An API key of your account (`pl_…`). It is shown once, when made.",
        }
