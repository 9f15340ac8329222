"""Texts that customers send: the row is written before anything else is done with it.

LedgerError
├── NotReady     the session cannot send now
├── BadNumber    ``to`` is not a telephone number
└── BadText      empty, too long, or not text
"""

from __future__ import annotations

import re
from typing import ClassVar
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from conversations.audit_verbs import MessageVerb
from conversations.models import MAX_TEXT_CHARACTERS, Direction, Message, MessageStatus
from conversations.problem_codes import SESSION_NOT_READY
from core.text.phone_numbers import NotANumber, e164
from locations.audit import record
from locations.plans.entitlements import may_run
from locations.principals import Principal
from sessions_app.hints import hint_text_waiting
from sessions_app.lifecycle import Reason, Wanted
from sessions_app.models import Session
from sessions_app.snapshot import why_not_ready
from sessions_app.wording import REASONS

# What no database, or no JSON reader, takes as text: NUL and halves of surrogate pairs.
_NOT_TEXT = re.compile("[\x00\ud800-\udfff]")


class LedgerError(Exception):
    """A text was not taken. ``str()`` is a sentence that says what to do."""

    code: ClassVar[str]


class NotReady(LedgerError):
    """The session cannot send now; ``reason`` says why."""

    code = SESSION_NOT_READY

    def __init__(self, reason: Reason) -> None:
        words = REASONS[reason]
        stop = "" if words.sentence.endswith("…") else "."
        super().__init__(f"{gettext(words.sentence)}{stop} {gettext(words.advice)}")
        self.reason = reason


class BadNumber(LedgerError):
    """The receiver is not a telephone number."""

    code = "bad_number"


class BadText(LedgerError):
    """There is nothing to send, too much, or something that is not text."""

    code = "bad_text"


def checked_text(text: str) -> str:
    """``text`` as it is, when it can be sent; raises BadText."""
    if not text.strip():
        raise BadText(gettext("Write a text to send."))
    if len(text) > MAX_TEXT_CHARACTERS:
        says = gettext("A text has at most %(count)s characters. Send it in parts.")
        raise BadText(says % {"count": f"{MAX_TEXT_CHARACTERS:,}"})
    if _NOT_TEXT.search(text):
        raise BadText(gettext("The text has characters that cannot be sent. Remove them."))
    return text


def checked_number(typed: str) -> str:
    """``typed`` as E.164; raises BadNumber."""
    try:
        return e164(typed)
    except NotANumber as error:
        raise BadNumber(str(error)) from None


def queue_text(session: Session, *, to: str, text: str, by: str) -> Message:
    """Put ``text`` in the queue of ``session`` for the number ``to``; ``by`` is who sends it.

    Gateway and viewers are told after the commit. Raises BadNumber, BadText or NotReady."""
    peer, body = checked_number(to), checked_text(text)
    with transaction.atomic():
        _check_ready(session.pk)
        message: Message = Message.objects.create(
            account_id=session.account_id,
            session_id=session.pk,
            direction=Direction.OUT,
            status=MessageStatus.QUEUED,
            peer=peer,
            text=body,
            created_by=by,
        )
        transaction.on_commit(lambda: hint_text_waiting(session.pk), robust=True)
    return message


def _check_ready(session_id: UUID) -> None:
    """Raises NotReady. The row stays locked until the commit: a session that ends meanwhile
    finds the new text among those that will not be sent, never after them."""
    rows = Session.objects.select_related("account")
    row = rows.select_for_update(no_key=True, of=("self",)).filter(pk=session_id).first()
    reason = Reason.UNLINKED if row is None else _why_not(row)
    if reason is not None:
        raise NotReady(reason)


def _why_not(row: Session) -> Reason | None:
    """An account that was suspended a moment ago sends nothing, whatever its link still says."""
    if row.wanted == Wanted.LINKED and not may_run(row.account):
        return Reason.SUSPENDED_BILLING
    return why_not_ready(row, timezone.now())


def send(principal: Principal, session: Session, *, to: str, text: str) -> Message:
    """Put ``text`` in the queue for the number ``to``; the log says neither. Raises what
    ``queue_text`` raises. The caller has been through the door for writing."""
    with transaction.atomic():
        message = queue_text(session, to=to, text=text, by=principal.name)
        record(principal, session.account_id, MessageVerb.TEXT_SENT, session.location.name)
    return message
