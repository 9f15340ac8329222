"""When a session's connection and phone last showed a sign of life."""

from __future__ import annotations

from datetime import datetime

from sessions_app.gateway.decisions.event_facts import phone_seen, proves_life


class LifeSigns:
    """Collects them from what happens; the supervisor stores them for all sessions together."""

    def __init__(self) -> None:
        self.last_proof_at: datetime | None = None
        """When the connection last proved to work."""
        self.phone_seen_at: datetime | None = None
        """When the number's own phone was last active, if that is worth storing."""

    def note_proof(self, at: datetime) -> None:
        self.last_proof_at = at

    def note(self, event: object, stored: datetime | None, now: datetime) -> None:
        """Take note of ``event``. ``stored`` is when the row says that the phone was active."""
        if proves_life(event):
            self.note_proof(now)
        known = self.phone_seen_at or stored
        self.phone_seen_at = phone_seen(event, known, now) or self.phone_seen_at
