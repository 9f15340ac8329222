"""Secrets that a page shows once, for post/redirect/get: the secret is stored encrypted in the
Django session until the page takes it, so a reload does not create another one."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest

from core.security.encryption import SealBroken, seal, unseal

_PLACE = "shown_once"


def keep(request: HttpRequest, about: UUID, secret: str) -> None:
    """Store ``secret`` for the page about ``about``, in place of any earlier secret."""
    request.session[_PLACE] = [str(about), seal(secret, _PLACE)]


def take(request: HttpRequest, about: UUID) -> str:
    """Return and remove the secret of ``about``; "" if there is none."""
    waiting = request.session.get(_PLACE)
    if not waiting or waiting[0] != str(about):
        return ""
    del request.session[_PLACE]
    try:
        return unseal(waiting[1], _PLACE)
    except SealBroken:
        return ""
