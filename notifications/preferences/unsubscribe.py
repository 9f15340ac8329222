"""One-click unsubscribe (RFC 8058), and its undo.

A link in a mail contains a signed token with a membership and a kind of notice. The token gives
access to nothing but the name of the account, and is valid as long as the secret key of the site.
It allows its holder to stop the mails of that kind, and to undo that.
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
from notifications.preferences.actions import CHOICES, recipient_of, set_quiet_too
from notifications.preferences.recipients import Recipient

DIGEST = "digest"
_ENDS, _UNDOES = signing.Signer(salt="unsubscribe"), signing.Signer(salt="unsubscribe-undo")


class BrokenToken(Exception):
    """The token is not one of ours, or it is incomplete."""


@dataclass(frozen=True)
class UnsubscribeToken:
    """The content of a token.

    ``kind`` is a NoticeKind or DIGEST. ``member`` is None if they have left the account or may not
    sign in any more: they get no mails from it in any case.
    """

    member: Member | None
    kind: str
    ended_at: datetime | None = None  # of the click to undo

    @property
    def is_digest(self) -> bool:
        return self.kind == DIGEST

    @property
    def words(self) -> str | Promise:
        return _("Daily summary") if self.is_digest else NoticeKind(self.kind).label


def unsubscribe_path(recipient: Recipient, kind: NoticeKind) -> str:
    """Return the path that stops mails of ``kind``, or "" if ``recipient`` must get them."""
    return "" if recipient.must_get(kind) else _path(recipient, FOLLOWS.get(kind, kind))


def digest_unsubscribe_path(recipient: Recipient, kinds: Iterable[NoticeKind]) -> str:
    """Return the path that stops the daily summary, or "" if all of its ``kinds`` must be sent."""
    return "" if all(recipient.must_get(kind) for kind in kinds) else _path(recipient, DIGEST)


def with_unsubscribe(content: MailContent, path: str) -> MailContent:
    """Add the unsubscribe link ``path`` to the text and the headers; "" adds none.

    RFC 8058 requires HTTPS for one-click unsubscribe.
    """
    if not path:
        return content
    headers = {**content.headers, "List-Unsubscribe": f"<{settings.PUBLIC_URL}{path}>"}
    if settings.PUBLIC_URL.startswith("https://"):
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return replace(content, unsubscribe=path, headers=headers)


def read_token(token: str) -> UnsubscribeToken:
    """Return the content of the ``token`` of a mail. Raises BrokenToken."""
    member, user, kind = _read(_ENDS, token)
    return UnsubscribeToken(_member(member, user), str(kind))


def read_undo_token(token: str) -> UnsubscribeToken:
    """Return the content of the ``token`` of an undo button. Raises BrokenToken."""
    member, user, kind, at = _read(_UNDOES, token)
    return UnsubscribeToken(_member(member, user), str(kind), datetime.fromisoformat(str(at)))


def must_get(link: UnsubscribeToken) -> bool:
    """Return whether the member has to get these mails, which may have changed since the mail."""
    return not link.is_digest and recipient_of(_who(link)).must_get(NoticeKind(link.kind))


def end(link: UnsubscribeToken, address: str | None) -> str:
    """Stop the mails, requested from the IP ``address``, and return the token that undoes it.

    Mails that were off before stay off after an undo.
    """
    member, now = _who(link), timezone.now()
    with transaction.atomic():
        changed = bool(Wish.objects.choose(member, _offs(link, recipient_of(member)), now))
        if link.is_digest:
            changed = set_quiet_too(member, False, now) or changed
        if changed:
            _note(link, NotificationVerb.MAILS_ENDED, address)
        last = _ended(link).order_by("-since").first()
    at = now if last is None else last.since
    return _UNDOES.sign_object([member.pk, str(member.user_id), link.kind, at.isoformat()])


def undo(link: UnsubscribeToken, address: str | None) -> None:
    """Undo what was stopped by the click that ``link`` names, unless it was changed since."""
    member, now = _who(link), timezone.now()
    with transaction.atomic():
        ended = _ended(link).filter(since=link.ended_at)
        back = {NoticeKind(preference.kind): When(preference.before) for preference in ended}
        changed = bool(Wish.objects.choose(member, back, now))
        if link.is_digest:
            changed = set_quiet_too(member, True, now) or changed
        if changed:
            _note(link, NotificationVerb.MAILS_RESUMED, address)


def _offs(link: UnsubscribeToken, recipient: Recipient) -> dict[NoticeKind, When]:
    """Return the kinds to turn off: the one of the link, or all optional ones in the summary."""
    if not link.is_digest:
        return {NoticeKind(link.kind): When.OFF}
    daily = [kind for kind in CHOICES if recipient.wants(kind) is When.DAILY]
    return {kind: When.OFF for kind in daily if not recipient.must_get(kind)}


def _ended(link: UnsubscribeToken) -> Any:
    """Return the preferences that this token may have turned off."""
    mine = Wish.objects.filter(member=_who(link), when=When.OFF)
    return mine.filter(before=When.DAILY) if link.is_digest else mine.filter(kind=link.kind)


def _note(link: UnsubscribeToken, verb: NotificationVerb, address: str | None) -> None:
    member = _who(link)
    principal = principal_of_user(member.user, member.account_id, address)
    record(principal, member.account_id, verb, str(link.words))


def _who(link: UnsubscribeToken) -> Member:
    assert link.member is not None  # noqa: S101  the view checks it
    return link.member


def _path(recipient: Recipient, kind: str) -> str:
    named = [recipient.member, str(recipient.user), kind]
    return reverse("unsubscribe", args=[_ENDS.sign_object(named)])


def _read(signer: signing.Signer, token: str) -> list[Any]:
    try:
        found = signer.unsign_object(token)
    except (signing.BadSignature, ValueError):
        raise BrokenToken from None
    return list(found)


def _member(pk: int, user: str) -> Member | None:
    """Return the membership, if it is still the user's: a restore may reuse the number ``pk``."""
    with tenancy.everyone():  # the token determines the account
        rows = Member.objects.filter(pk=pk, user_id=user, user__is_active=True)
        member: Member | None = rows.select_related("user", "account").first()
    return member
