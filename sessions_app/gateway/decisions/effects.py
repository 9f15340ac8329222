"""What the actor is to do: a decision lists these effects, in order.

An effect that fails, or has a result that matters, is answered by another event. The rest of
the list is then dropped, and the rules decide on that event.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sessions_app.engine.protocol import EngineKind
from sessions_app.gateway.decisions.actor_events import ActorEvent, DeadlinePurpose
from sessions_app.gateway.decisions.attempt import AttemptState
from sessions_app.gateway.ports import Change, IncomingMessage, Receipt


@dataclass(frozen=True)
class WriteChange:
    """Write to the row. Answered by ``NumberAlreadyLinked`` if the number is linked elsewhere."""

    change: Change


@dataclass(frozen=True)
class StartClient:
    """Replace the client by a new one in an engine of ``kind``: pair anew in a linking engine,
    connect with the stored keys in a running engine. Sets the deadline. Answered by ``NoEngine``
    or ``NoProxy`` if that is impossible."""

    kind: EngineKind
    patience: timedelta
    purpose: DeadlinePurpose


@dataclass(frozen=True)
class MoveClient:
    """Like ``StartClient`` in a running engine, but answered by ``MoveFailed``."""

    patience: timedelta


@dataclass(frozen=True)
class DropClient:
    """End the client, keep its keys, and clear the deadline."""


@dataclass(frozen=True)
class MarkAnswered:
    """The start has shown a sign of life, so the next one in the start queue may begin."""


@dataclass(frozen=True)
class MarkConnected:
    """The client is logged in."""


@dataclass(frozen=True)
class MarkDisconnected:
    """The client is not logged in any more."""


@dataclass(frozen=True)
class RetireEngine:
    """Start no further clients in this engine."""


@dataclass(frozen=True)
class SetDeadline:
    delay: timedelta
    purpose: DeadlinePurpose


@dataclass(frozen=True)
class ClearDeadline:
    pass


@dataclass(frozen=True)
class LogOut:
    """Remove the device at WhatsApp. Answered by ``LogoutFinished``."""


@dataclass(frozen=True)
class DeleteKeys:
    """Delete the stored keys and the journal."""


@dataclass(frozen=True)
class FailWaitingTexts:
    """Fail the texts that wait to be sent."""

    code: str
    sentence: str


@dataclass(frozen=True)
class RequestPairingCode:
    """Answered by ``PairingCodeReceived``, ``PairingCodeRefused`` or ``PairingCodeUnanswered``."""

    phone: str


@dataclass(frozen=True)
class StartSending:
    """Send waiting texts over the client from now on."""


@dataclass(frozen=True)
class StoreMessage:
    """Write the message to the ledger, then let the engine forget the journal's ``key``."""

    message: IncomingMessage = field(repr=False)
    key: str


@dataclass(frozen=True)
class StoreReceipt:
    """Write the receipt to the ledger, then let the engine forget the journal's ``key``."""

    receipt: Receipt
    key: str


@dataclass(frozen=True)
class LogLine:
    """Log ``message``, with ``code`` if there is one."""

    message: str
    code: str = ""
    warning: bool = False


@dataclass(frozen=True)
class Finish:
    """Give the session up until its customer wants something."""


@dataclass(frozen=True)
class Continue:
    """Decide on ``event``, with the row as it was just written. Always the last effect."""

    event: ActorEvent


Effect = (
    WriteChange
    | StartClient
    | MoveClient
    | DropClient
    | MarkAnswered
    | MarkConnected
    | MarkDisconnected
    | RetireEngine
    | SetDeadline
    | ClearDeadline
    | LogOut
    | DeleteKeys
    | FailWaitingTexts
    | RequestPairingCode
    | StartSending
    | StoreMessage
    | StoreReceipt
    | LogLine
    | Finish
    | Continue
)


@dataclass(frozen=True)
class Decision:
    """What to remember from now on, and what to do."""

    attempt: AttemptState
    effects: tuple[Effect, ...] = ()
