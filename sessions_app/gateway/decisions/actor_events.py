"""What can happen to a session's actor besides the events of its engine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from sessions_app.engine.engine_events import EngineEvent
from sessions_app.lifecycle import Event


class DeadlinePurpose(Enum):
    """What the actor waits for. It has one deadline at a time."""

    RETRY = auto()  # the time of the next try
    QR = auto()  # the first QR code
    QR_ROTATION = auto()  # another QR code, or the end of the pairing
    PAIRING = auto()  # the login after a scan
    CONNECT = auto()  # the login with stored keys
    RECONNECT = auto()  # the library's own reconnect after a drop
    PROXIED_RECONNECT = auto()  # the same through the number's own proxy
    UNLINK = auto()  # the login that is needed to remove the device


@dataclass(frozen=True)
class EngineEnded:
    """The engine process of the client has ended: a crash, a kill, or missed heartbeats."""


@dataclass(frozen=True)
class ActorStarted:
    """The gateway has claimed the session."""


@dataclass(frozen=True)
class RowRead:
    """The row was read again, because the customer may want something else."""


@dataclass(frozen=True)
class MoveDue:
    """The client should leave its engine, which is being recycled."""


@dataclass(frozen=True)
class ProbeFailed:
    """WhatsApp did not answer a query over a connection that looked alive."""


@dataclass(frozen=True)
class SendStuck:
    """WhatsApp did not confirm a text in time, and the client may be waiting for it for ever."""


@dataclass(frozen=True)
class DeadlinePassed:
    purpose: DeadlinePurpose


@dataclass(frozen=True)
class NumberAlreadyLinked:
    """The account has linked this number at another location, so ``event`` was not written."""

    event: Event


@dataclass(frozen=True)
class NoEngine:
    """No engine can be started."""

    detail: str


@dataclass(frozen=True)
class NoProxy:
    """The number's own proxy cannot be dialled."""

    detail: str


@dataclass(frozen=True)
class MoveFailed:
    """There is no other engine, or no way to it. The client stays where it is."""


@dataclass(frozen=True)
class LogoutFinished:
    """``confirmed``: WhatsApp has removed the device."""

    confirmed: bool


@dataclass(frozen=True)
class PairingCodeDue:
    """A pairing code may have to be requested."""


@dataclass(frozen=True)
class PairingCodeReceived:
    code: str


@dataclass(frozen=True)
class PairingCodeRefused:
    sentence: str


@dataclass(frozen=True)
class PairingCodeUnanswered:
    """Engine or WhatsApp did not answer the request for a pairing code."""


@dataclass(frozen=True)
class ReplacementDue:
    """The loss of the engine is written; the session needs another one."""


ClientEvent = EngineEvent | EngineEnded
"""What an engine process reports about one of its clients."""

ActorEvent = (
    ClientEvent
    | ActorStarted
    | RowRead
    | MoveDue
    | ProbeFailed
    | SendStuck
    | DeadlinePassed
    | NumberAlreadyLinked
    | NoEngine
    | NoProxy
    | MoveFailed
    | LogoutFinished
    | PairingCodeDue
    | PairingCodeReceived
    | PairingCodeRefused
    | PairingCodeUnanswered
    | ReplacementDue
)
