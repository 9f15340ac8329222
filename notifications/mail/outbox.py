"""The outbox: mails are saved in the transaction of their occasion and sent soon after."""

from __future__ import annotations

from collections.abc import Iterable

from core.mail.content import RenderedMail
from locations.models import Account, User
from notifications.models import Mail


def mail_of(
    rendered: RenderedMail,
    *,
    to: str,
    kind: str,
    key: str,
    account: Account | None = None,
    user: User | None = None,
) -> Mail:
    """Return a row of the outbox, not saved. ``key`` identifies the occasion and the recipient."""
    return Mail(
        account=account,
        user=user,
        kind=kind,
        key=key,
        to=to,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        headers=dict(rendered.headers),
    )


def put(mails: Iterable[Mail]) -> None:
    """Save ``mails``, except those whose key exists already."""
    Mail.objects.bulk_create(mails, ignore_conflicts=True, batch_size=500)
