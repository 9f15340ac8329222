"""Judge the replies of mail servers, and decide when to retry. Pure, no clock.

Reply codes are defined in RFC 5321, enhanced status codes such as ``5.1.1`` in RFC 3463.
"""

from __future__ import annotations

import re
from datetime import timedelta
from enum import Enum

from core.background.backoff import wait_after

WAITS: tuple[timedelta, ...] = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=3),
    timedelta(hours=6),
)
"""After the first failure, the second, and so on; the last one repeats."""

GIVE_UP_AFTER = timedelta(days=3)
_STATUS = re.compile(r"\s*5\.(\d{1,3})\.(\d{1,3})\b")
_NO_MAILBOX = frozenset({550, 551, 553})
_OF_THE_SERVER = frozenset({421, 503, 530, 534, 535, 538})  # it closes, or requires a login
_TOO_LARGE = 552


class Stage(Enum):
    """What was refused: the sender, the recipient, or the mail as a whole."""

    SENDER = "sender"
    RECIPIENT = "recipient"
    CONTENT = "content"


class SendOutcome(Enum):
    """What becomes of a mail after an attempt."""

    SENT = "sent"
    LATER = "later"  # this mail is retried
    FAILED = "failed"  # permanently; other mails to this address may arrive
    NO_MAILBOX = "no mailbox"  # permanently, as all other mails to this address would
    SERVER = "server"  # the server accepts nothing now, whatever the mail


def outcome_of(stage: Stage, code: int, text: str) -> SendOutcome:
    """Return what the refusal ``code`` with ``text`` means.

    In doubt, the recipient is not suppressed: a refused sender, or a relay that is denied, says
    nothing about the recipient.
    """
    if code in _OF_THE_SERVER:
        return SendOutcome.SERVER
    if stage is Stage.SENDER:
        return SendOutcome.FAILED if code == _TOO_LARGE else SendOutcome.SERVER
    if code < 500 or (stage is Stage.RECIPIENT and "relay" in text.lower()):
        return SendOutcome.LATER
    status = _STATUS.match(text)
    if status is None:
        plain = stage is Stage.RECIPIENT and code in _NO_MAILBOX
        return SendOutcome.NO_MAILBOX if plain else SendOutcome.FAILED
    return _by_status(stage, code, int(status[1]), int(status[2]))


def _by_status(stage: Stage, code: int, subject: int, detail: int) -> SendOutcome:
    if subject == 1:  # addresses; 7 and 8 are about the sender's
        return SendOutcome.FAILED if detail in (7, 8) else SendOutcome.NO_MAILBOX
    if subject == 2:  # mailboxes; 1: disabled, others: full, too large
        return SendOutcome.NO_MAILBOX if detail == 1 else SendOutcome.FAILED
    unclear = subject in (0, 4) and stage is Stage.RECIPIENT and code in _NO_MAILBOX
    return SendOutcome.NO_MAILBOX if unclear else SendOutcome.FAILED


def wait_before_next(attempts: int, age: timedelta, chance: float) -> timedelta | None:
    """Return how long to wait after ``attempts`` (1 or more) failed attempts.

    ``age`` is how long the mail has been in the queue. None means to give up, since the next
    attempt would be later than ``GIVE_UP_AFTER``. ``chance`` (0 to 1, drawn by the caller) adds up
    to a tenth, so that mails that failed together are not retried together.
    """
    wait = wait_after(attempts, WAITS, chance)
    return None if age + wait > GIVE_UP_AFTER else wait
