"""Errors that the control API reports."""

from __future__ import annotations


class RequestError(Exception):
    """A request cannot be carried out. The text is one sentence for display; ``status`` is the
    HTTP status."""

    def __init__(self, text: str, status: int = 409) -> None:
        super().__init__(text)
        self.status = status


class ClientGone(Exception):
    """The client disconnected, or timed out, before it answered."""
