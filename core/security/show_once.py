"""A secret that a page shows once. Until then it waits sealed in the login: so whoever makes one is
sent on to that page, and loading it again makes no second one."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest

from core.security.encryption import SealBroken, seal, unseal

_PLACE = "shown_once"


def keep(request: HttpRequest, about: UUID, secret: str) -> None:
    """For the next page that asks for the secret of ``about``; it takes the place of another."""
    request.session[_PLACE] = [str(about), seal(secret, _PLACE)]


def take(request: HttpRequest, about: UUID) -> str:
    """The secret of ``about`` the first time that it is asked for; else ""."""
    waiting = request.session.get(_PLACE)
    if not waiting or waiting[0] != str(about):
        return ""
    del request.session[_PLACE]
    try:
        return unseal(waiting[1], _PLACE)
    except SealBroken:
        return ""
