"""How long to wait before the next try. ``tries`` counts the earlier tries, from 0."""

from __future__ import annotations

from datetime import timedelta

FIRST_SECONDS = 5.0
CAP_SECONDS = 300.0
_MAX_DOUBLINGS = 10  # more would only overflow: the cap is reached after six

_REFUSALS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
_OUTDATED = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=1))


def reconnect_delay(tries: int, jitter: float) -> timedelta:
    """Return 5, 10, 20 … 300 seconds, shortened by up to a half so that many sessions do not
    reconnect at the same moment. ``jitter`` is a random number in [0, 1)."""
    whole = min(FIRST_SECONDS * 2.0 ** min(tries, _MAX_DOUBLINGS), CAP_SECONDS)
    return timedelta(seconds=whole * (1 - jitter / 2))


def pairing_delay(tries: int) -> timedelta:
    """Return 2, 4, 8, 16 … seconds: the customer is waiting in front of the page."""
    return timedelta(seconds=2.0 ** (1 + min(tries, _MAX_DOUBLINGS)))


def refusal_delay(tries: int) -> timedelta | None:
    """Return 1, 5, then 15 minutes after WhatsApp refused the login, or None to give up."""
    return _REFUSALS[tries] if tries < len(_REFUSALS) else None


def outdated_delay(tries: int) -> timedelta:
    """Return 5, then 30 minutes, then an hour while WhatsApp refuses the library's version: an
    update may come."""
    return _OUTDATED[min(tries, len(_OUTDATED) - 1)]
