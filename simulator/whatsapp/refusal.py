"""The errors that people see."""

from __future__ import annotations


class Refused(Exception):
    """Something cannot be done; the text is one sentence for people. `status` is for HTTP."""

    def __init__(self, text: str, status: int = 409) -> None:
        super().__init__(text)
        self.status = status


class HungUp(Exception):
    """The client was gone, or silent, before it answered."""
