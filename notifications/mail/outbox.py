"""The outbox: mails are put here in the transaction of what they tell of, and leave soon after."""

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
    """A row of the outbox, not saved. ``key`` names the one telling to the one person."""
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
    """Write ``mails``, but for those whose key is there already: they are on their way."""
    Mail.objects.bulk_create(mails, ignore_conflicts=True, batch_size=500)
