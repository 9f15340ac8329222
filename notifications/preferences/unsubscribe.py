"""One-click unsubscribe (RFC 8058): links in mails that end mails like these, and their undoing.

A link is signed and names a membership and a kind. It opens no account and shows nothing of one
but its name; it works as long as the site's secret key does. Whoever has it may only end mails,
and take that back for what he ended himself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core import tenancy
from core.mail.content import MailContent
from locations.audit import record
from locations.models import Member
from locations.principals import principal_of_user
from notifications.audit_verbs import NotificationVerb
from notifications.kinds import FOLLOWS, NoticeKind, When
from notifications.models import Wish
from notifications.preferences.actions import CHOICES, reader_of, set_quiet_too
from notifications.preferences.recipients import Reader

DIGEST = "digest"
_ENDS, _UNDOES = signing.Signer(salt="unsubscribe"), signing.Signer(salt="unsubscribe-undo")


class Broken(Exception):
    """The token was never one of ours, or was torn on its way."""


@dataclass(frozen=True)
class Link:
    """What a token says. ``kind`` is a NoticeKind or DIGEST; ``member`` is None when he has left
    the account, or may not sign in any more: then he gets no mails from it anyway."""

    member: Member | None
    kind: str
    ended_at: datetime | None = None  # of what is to be taken back

    @property
    def is_digest(self) -> bool:
        return self.kind == DIGEST

    @property
    def words(self) -> str | Promise:
        return _("Daily summary") if self.is_digest else NoticeKind(self.kind).label


def unsubscribe_path(reader: Reader, kind: NoticeKind) -> str:
    """The path that ends mails of ``kind`` for ``reader``; "" where he must get them."""
    return "" if reader.must_get(kind) else _path(reader, FOLLOWS.get(kind, kind))


def digest_unsubscribe_path(reader: Reader, kinds: Iterable[NoticeKind]) -> str:
    """The path that ends his daily summaries; "" where he must get all of the ``kinds`` in it."""
    return "" if all(reader.must_get(kind) for kind in kinds) else _path(reader, DIGEST)


def with_unsubscribe(letter: MailContent, path: str) -> MailContent:
    """``letter`` as one that ``path`` ends, in its text and for mail programs; for "" as one that
    cannot be ended. One click needs HTTPS by the RFC."""
    if not path:
        return letter
    headers = {**letter.headers, "List-Unsubscribe": f"<{settings.PUBLIC_URL}{path}>"}
    if settings.PUBLIC_URL.startswith("https://"):
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return replace(letter, unsubscribe=path, headers=headers)


def opened(token: str) -> Link:
    """What the ``token`` of a mail ends. Raises Broken."""
    member, user, kind = _read(_ENDS, token)
    return Link(_member(member, user), str(kind))


def opened_undo(token: str) -> Link:
    """What the ``token`` of a page of thanks takes back. Raises Broken."""
    member, user, kind, at = _read(_UNDOES, token)
    return Link(_member(member, user), str(kind), datetime.fromisoformat(str(at)))


def must_get(link: Link) -> bool:
    """Whether it has become something that he must get since the mail was sent."""
    return not link.is_digest and reader_of(_who(link)).must_get(NoticeKind(link.kind))


def end(link: Link, address: str | None) -> str:
    """End the mails, as asked from the IP ``address``; the token that takes it back. Mails that
    had ended stay ended."""
    member, now = _who(link), timezone.now()
    with transaction.atomic():
        changed = bool(Wish.objects.choose(member, _offs(link, reader_of(member)), now))
        if link.is_digest:
            changed = set_quiet_too(member, False, now) or changed
        if changed:
            _note(link, NotificationVerb.MAILS_ENDED, address)
        last = _ended(link).order_by("-since").first()
    at = now if last is None else last.since
    return _UNDOES.sign_object([member.pk, str(member.user_id), link.kind, at.isoformat()])


def undo(link: Link, address: str | None) -> None:
    """Take back what was ended by the click that ``link`` names, if it still holds."""
    member, now = _who(link), timezone.now()
    with transaction.atomic():
        ended = _ended(link).filter(since=link.ended_at)
        back = {NoticeKind(wish.kind): When(wish.before) for wish in ended}
        changed = bool(Wish.objects.choose(member, back, now))
        if link.is_digest:
            changed = set_quiet_too(member, True, now) or changed
        if changed:
            _note(link, NotificationVerb.MAILS_RESUMED, address)


def _offs(link: Link, reader: Reader) -> dict[NoticeKind, When]:
    """What is to be off: the kind, or all that came in summaries and need not."""
    if not link.is_digest:
        return {NoticeKind(link.kind): When.OFF}
    daily = [kind for kind in CHOICES if reader.wants(kind) is When.DAILY]
    return {kind: When.OFF for kind in daily if not reader.must_get(kind)}


def _ended(link: Link) -> Any:
    """His wishes that are off as such a link makes them."""
    mine = Wish.objects.filter(member=_who(link), when=When.OFF)
    return mine.filter(before=When.DAILY) if link.is_digest else mine.filter(kind=link.kind)


def _note(link: Link, verb: NotificationVerb, address: str | None) -> None:
    member = _who(link)
    himself = principal_of_user(member.user, member.account_id, address)
    record(himself, member.account_id, verb, str(link.words))


def _who(link: Link) -> Member:
    assert link.member is not None  # noqa: S101  nothing is asked of who is gone
    return link.member


def _path(reader: Reader, kind: str) -> str:
    named = [reader.member, str(reader.user), kind]
    return reverse("unsubscribe", args=[_ENDS.sign_object(named)])


def _read(signer: signing.Signer, token: str) -> list[Any]:
    try:
        found = signer.unsign_object(token)
    except (signing.BadSignature, ValueError):
        raise Broken from None
    return list(found)


def _member(pk: int, user: str) -> Member | None:
    """The membership ``pk`` while it is the user's: a restore may draw its number anew."""
    with tenancy.everyone():  # whose it is, is what the token says
        rows = Member.objects.filter(pk=pk, user_id=user, user__is_active=True)
        member: Member | None = rows.select_related("user", "account").first()
    return member
