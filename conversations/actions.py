"""Send texts: the row is written before anything else is done with it."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from conversations.audit_verbs import MessageVerb
from conversations.models import Direction, Message, MessageStatus
from conversations.problem_codes import SESSION_NOT_READY
from conversations.rules import MessageText
from core.text.phone_numbers import PhoneNumber
from locations.audit import record
from locations.plans.entitlements import may_run
from locations.principals import Principal
from sessions_app.hints import hint_text_waiting
from sessions_app.lifecycle import Reason, Wanted
from sessions_app.models import Session
from sessions_app.snapshot import why_not_ready
from sessions_app.wording import REASONS


class NotReady(Exception):
    """The session cannot send now, because of ``reason``. ``str()`` is a sentence for users that
    ends with what to do."""

    code = SESSION_NOT_READY

    def __init__(self, reason: Reason) -> None:
        words = REASONS[reason]
        period = "" if words.sentence.endswith("…") else "."
        super().__init__(f"{gettext(words.sentence)}{period} {gettext(words.advice)}")
        self.reason = reason


def queue_text(session: Session, *, to: PhoneNumber, text: MessageText, by: str) -> Message:
    """Queue ``text`` in ``session`` for the number ``to``; ``by`` is the name of the sender.

    Notifies the gateway and open pages after the commit. Raises NotReady."""
    with transaction.atomic():
        _check_ready(session.pk)
        message: Message = Message.objects.create(
            account_id=session.account_id,
            session_id=session.pk,
            direction=Direction.OUT,
            status=MessageStatus.QUEUED,
            peer=to,
            text=text,
            created_by=by,
        )
        transaction.on_commit(lambda: hint_text_waiting(session.pk), robust=True)
    return message


def _check_ready(session_id: UUID) -> None:
    """Lock the session until the commit. Raises NotReady.

    Without the lock, a session that ends meanwhile could miss the new text when it fails all
    texts that wait."""
    rows = Session.objects.select_related("account")
    row = rows.select_for_update(no_key=True, of=("self",)).filter(pk=session_id).first()
    reason = Reason.UNLINKED if row is None else _why_not(row)
    if reason is not None:
        raise NotReady(reason)


def _why_not(row: Session) -> Reason | None:
    """Return why the session cannot send. An account that was just suspended sends nothing, even
    if its session is still ready."""
    if row.wanted == Wanted.LINKED and not may_run(row.account):
        return Reason.SUSPENDED_BILLING
    return why_not_ready(row, timezone.now())


def send(principal: Principal, session: Session, *, to: PhoneNumber, text: MessageText) -> Message:
    """Queue ``text`` for the number ``to``; the audit log contains neither. The caller has
    checked that ``principal`` may write to ``session``. Raises NotReady."""
    with transaction.atomic():
        message = queue_text(session, to=to, text=text, by=principal.name)
        record(principal, session.account_id, MessageVerb.TEXT_SENT, session.location.name)
    return message
