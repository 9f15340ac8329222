"""How long to wait before the next try. ``tries`` counts the earlier tries, from 0."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

FIRST_SECONDS = 5.0
CAP_SECONDS = 300.0
_MAX_DOUBLINGS = 10  # more would only overflow: the cap is reached after six

_REFUSALS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
_OUTDATED = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=1))
_FAULTS = (timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=5))

_SHORTEST_BAN = timedelta(minutes=1)
_LONGEST_BAN = timedelta(days=3650)
_DAY = timedelta(days=1)
_BANS_A_DAY = 3
BAN_MEMORY = timedelta(days=7)  # longer than a day, or the waits would become short again
# The last wait is a day, which limits the logins to three a day.
_BAN_WAITS = (timedelta(hours=1), timedelta(hours=6), _DAY)


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


def fault_delay(tries: int) -> timedelta:
    """Return 1, 2, then 5 minutes: a full disk or a wrong clock may be fixed by then."""
    return _FAULTS[min(tries, len(_FAULTS) - 1)]


def ban_delay(seconds: float, tries: int) -> timedelta:
    """Return how long to wait after a ban that WhatsApp says lasts ``seconds``.

    ``tries`` counts the earlier bans in ``BAN_MEMORY``. The second wait is at least 6 hours, and
    each later one a day. A length that is not positive is unknown, because huge ones wrap around
    in the library: the first wait is then an hour. Else it is from a minute to ten years."""
    shortest = _BAN_WAITS[min(tries, len(_BAN_WAITS) - 1)]
    if not seconds > 0:  # NaN is not, either
        return shortest
    known = timedelta(seconds=min(seconds, _LONGEST_BAN.total_seconds()))
    return max(known, shortest if tries else _SHORTEST_BAN)


def recent_bans(bans: Sequence[datetime], now: datetime) -> tuple[datetime, ...]:
    """Return the times in ``bans`` that still count at ``now``."""
    return tuple(at for at in bans if now - at < BAN_MEMORY)


def login_allowed_at(bans: Sequence[datetime]) -> datetime | None:
    """Return when a number banned at the times ``bans`` (in order) may log in again, whatever the
    customer asks for; None if it was banned fewer than three times."""
    return bans[-_BANS_A_DAY] + _DAY if len(bans) >= _BANS_A_DAY else None
