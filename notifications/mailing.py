"""Puts mails into the outbox that the apps below want to have sent."""

from __future__ import annotations

import uuid
from typing import Any

from django.dispatch import receiver

from core import tenancy
from core.mail.content import Rendered
from locations.models import User
from locations.signals import mail_wanted
from notifications.mail import outbox


@receiver(mail_wanted, dispatch_uid="notifications.mailing")
def put_on_its_way(
    mail: Rendered, to: str, kind: str, account_id: uuid.UUID | None, **kwargs: Any
) -> None:
    """Each time anew: an invitation that is sent again has another key in it."""
    user = User.objects.filter(email__iexact=to).first()
    row = outbox.mail_of(mail, to=to, kind=kind, key=f"{kind}:{uuid.uuid4()}", user=user)
    row.account_id = account_id
    with tenancy.everyone():  # who asked has been judged; the outbox is everybody's
        outbox.put([row])
