"""The facts a decision is based on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sessions_app.engine.protocol import EngineKind
from sessions_app.gateway.ports import SessionState


@dataclass(frozen=True)
class AttemptState:
    """What an actor remembers between events and does not store in the row.

    Times without a date are seconds of a monotonic clock."""

    restarted: bool = False  # an attempt without a code is started again once
    moving: bool = False
    unlinking: bool = False
    number_taken: bool = False
    other_number: str = ""  # E.164: the scanned number, if it is not the one that belongs here
    pairing_code: str = ""
    pairing_served_at: datetime | None = None  # the ``wanted_at`` of the last request for a code
    qr_expires_at: datetime | None = None
    outage_since: float | None = None
    reconnects: int = 0
    pairings: int = 0
    refusals: int = 0
    faults: int = 0
    outdated: int = 0
    engine_losses: tuple[float, ...] = ()
    banned_at: tuple[datetime, ...] = ()  # the latest temporary bans, in order
    replaced_at: float | None = None

    def fresh(self) -> AttemptState:
        """Return the state of a new attempt. It keeps only what concerns the session as a
        whole: the losses of engines, the last takeover by another client, and the bans."""
        return AttemptState(
            engine_losses=self.engine_losses,
            replaced_at=self.replaced_at,
            banned_at=self.banned_at,
        )


@dataclass(frozen=True)
class ClientState:
    """The client of the session, as far as decisions depend on it."""

    kind: EngineKind
    connected: bool = False
    proxied: bool = False  # it dials through the number's own proxy
    should_move: bool = False  # its engine is not meant for a connected client


@dataclass(frozen=True)
class Situation:
    """Everything a decision may depend on."""

    session: SessionState  # as last read or written
    attempt: AttemptState
    client: ClientState | None
    deadline_set: bool
    stuck_seconds: float
    now: datetime
    clock: float  # seconds of a monotonic clock
    jitter: float  # a random number in [0, 1)

    @property
    def linked(self) -> bool:
        """Whether the session has the keys of a linked device."""
        return bool(self.session.jid)

    def is_other_number(self, phone: str) -> bool:
        """Whether ``phone`` (E.164), which was just scanned, is not the number that belongs to the
        session, whose messages it contains."""
        known = self.session.phone_number
        return bool(known) and not self.linked and phone != known

    @property
    def refuses_link(self) -> bool:
        """Whether the device that is being linked must be unlinked again."""
        return self.attempt.number_taken or bool(self.attempt.other_number)

    def remember(self, **changes: Any) -> Situation:
        """Return the same situation with these fields of ``attempt`` changed."""
        return replace(self, attempt=replace(self.attempt, **changes))

    def with_new_attempt(self) -> Situation:
        return replace(self, attempt=self.attempt.fresh())
