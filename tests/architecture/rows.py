"""One row of every model that belongs to an account, and the ids in URLs.

The tests of ``tests/architecture`` find these models by themselves. A new model needs an entry in
``MAKERS``, a new kind of id in a URL an entry in ``NAMES_OF_IDS``; the tests name what is missing.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from itertools import count
from typing import Any

from django.db.models import Model
from django.utils import timezone

from conversations.models import EarlyReceipt, MessageStatus
from locations.models import Account, ApiKey, AuditEvent, Export, ExportKind, IdempotentAnswer, Role
from locations.models.invitations import Invitation
from notifications.models import Bell, Digest, Wish
from sessions_app.models import ConnectLink, SessionEvent, SupportBundle
from tests.factory import (
    make_delivery,
    make_incident,
    make_location,
    make_mail,
    make_message,
    make_notice,
    make_session,
    make_user,
    make_webhook,
)

_numbers = count(1)


class Rows:
    """Rows of one account, created on first use and related to each other. ``of_one_location``:
    what may belong to a location or to the whole account, such as a webhook, has a location."""

    def __init__(self, account: Account, *, of_one_location: bool = False) -> None:
        self.account = account
        self.of_one_location = of_one_location
        self.number = next(_numbers)  # for names that must be unique
        self._made: dict[str, Any] = {"Account": account}

    def of(self, model: str) -> Any:
        """Return the account's row of ``model``."""
        if model not in self._made:
            assert model in MAKERS, f"Add {model} to MAKERS in tests/architecture/rows.py"
            self._made[model] = MAKERS[model](self)
        return self._made[model]


def _member(rows: Rows) -> Model:
    user = make_user(f"member-{uuid.uuid4().hex[:8]}", rows.account, Role.MEMBER)
    member: Model = user.memberships.get()
    return member


def _invitation(rows: Rows) -> Model:
    email = f"new-{rows.number}@example.com"
    invitation = Invitation(account=rows.account, email=email, role=Role.MEMBER)
    invitation.renew()
    invitation.save()
    return invitation


def _webhook(rows: Rows) -> Model:
    return make_webhook(
        rows.account, location=rows.of("Location") if rows.of_one_location else None
    )


MAKERS: Mapping[str, Callable[[Rows], Model]] = {
    "Member": _member,
    "Invitation": _invitation,
    "AuditEvent": lambda rows: AuditEvent.objects.create(
        account=rows.account, actor="alice@example.com", verb="session_created"
    ),
    "ApiKey": lambda rows: ApiKey.issue(rows.account, "Reminders")[0],
    "IdempotentAnswer": lambda rows: IdempotentAnswer.objects.create(
        account=rows.account, key=f"key-{rows.number}", request_hash="0" * 64
    ),
    "Location": lambda rows: make_location(rows.account, f"Place {rows.number}"),
    "Session": lambda rows: make_session(rows.of("Location")),
    "SessionEvent": lambda rows: SessionEvent.objects.create(
        session=rows.of("Session"),
        event="start",
        old_status="initializing",
        new_status="initializing",
        reason="starting",
        actor="gateway",
        version=1,
    ),
    "Message": lambda rows: make_message(rows.of("Session")),
    "EarlyReceipt": lambda rows: EarlyReceipt.objects.create(
        session=rows.of("Session"), whatsapp_id="A", status=MessageStatus.READ, at=timezone.now()
    ),
    "Webhook": _webhook,
    "Delivery": lambda rows: make_delivery(rows.of("Webhook")),
    "Incident": lambda rows: make_incident(rows.of("Session")),
    "Notice": lambda rows: make_notice(rows.of("Session")),
    "Mail": lambda rows: make_mail(rows.account),
    "Wish": lambda rows: Wish.objects.create(
        member=rows.of("Member"), kind="lost", when="off", before="at_once"
    ),
    "Digest": lambda rows: Digest.objects.create(
        member=rows.of("Member"),
        told_until=timezone.now(),
        day=timezone.now().date(),
        next_at=timezone.now(),
    ),
    "Bell": lambda rows: Bell.objects.create(
        account=rows.account, user_id=rows.of("Member").user_id
    ),
    "SupportBundle": lambda rows: SupportBundle.objects.create(
        account=rows.account, session=rows.of("Session"), asked_by="alice@example.com"
    ),
    "Export": lambda rows: Export.objects.create(
        account=rows.account, kind=ExportKind.ACCOUNT, asked_by="alice@example.com"
    ),
    "ConnectLink": lambda rows: ConnectLink.objects.create(
        account=rows.account,
        location=rows.of("Location"),
        token_hash=ConnectLink.hash(str(rows.number)),
        created_by="alice@example.com",
        expires_at=timezone.now() + timedelta(hours=1),
    ),
}

# The row that an id in a URL refers to, by the name of the URL parameter.
NAMES_OF_IDS: Mapping[str, Callable[[Rows], uuid.UUID]] = {
    "account_id": lambda rows: rows.account.pk,
    "user_id": lambda rows: rows.of("Member").user_id,
    "session_id": lambda rows: rows.of("Session").pk,
    "webhook_id": lambda rows: rows.of("Webhook").pk,
    "delivery_id": lambda rows: rows.of("Delivery").pk,
    "location_id": lambda rows: rows.of("Location").pk,
    "key_id": lambda rows: rows.of("ApiKey").pk,
    "message_id": lambda rows: rows.of("Message").pk,
    "link_id": lambda rows: rows.of("ConnectLink").pk,
    "bundle_id": lambda rows: rows.of("SupportBundle").pk,
    "export_id": lambda rows: rows.of("Export").pk,
    "invitation_id": lambda rows: rows.of("Invitation").pk,
}
