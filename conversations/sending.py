"""A text that a person or a key sends: the ledger's row and the one in the audit log."""

from __future__ import annotations

from django.db import transaction

from conversations.ledger import queue_text
from conversations.models import Message
from locations.audit import Verb, record
from locations.principals import Principal
from sessions_app.models import Session


def send(principal: Principal, session: Session, *, to: str, text: str) -> Message:
    """Put ``text`` in the queue for the number ``to``; the log says neither. Raises what
    ``queue_text`` raises. The caller has been through the door for writing."""
    with transaction.atomic():
        message = queue_text(session, to=to, text=text, by=principal.name)
        record(principal, session.account_id, Verb.TEXT_SENT, session.location.name)
    return message
