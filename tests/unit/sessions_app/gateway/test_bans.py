"""A number that WhatsApp bans again and again logs in at most three times a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sessions_app.engine.engine_events import Connected, TemporaryBan
from sessions_app.gateway.decisions import effects as do
from sessions_app.gateway.decisions.actor_events import ActorStarted, RowRead
from sessions_app.gateway.decisions.actor_rules import decide
from sessions_app.gateway.decisions.attempt import AttemptState
from sessions_app.gateway.decisions.effects import Decision
from sessions_app.lifecycle import Event, Reason, Status
from tests.unit.sessions_app.gateway.situations import JID, NOW, make_situation, make_state

DAY = timedelta(days=1)
TODAY = (NOW - timedelta(hours=3), NOW - timedelta(hours=2), NOW - timedelta(hours=1))
LENGTHS = st.floats() | st.integers(-(10**12), 10**12) | st.integers(-10, 90_000)
STARTED_AFTER = st.none() | st.integers(0, 90_000).map(lambda s: timedelta(seconds=s))


def logs_in(decision: Decision) -> bool:
    return any(isinstance(effect, do.StartClient) for effect in decision.effects)


def wait(decision: Decision) -> timedelta:
    (found,) = (e.delay for e in decision.effects if isinstance(e, do.SetDeadline))
    return found


def banned(at: datetime, attempt: AttemptState, seconds: float) -> Decision:
    return decide(make_situation(now=at, attempt=attempt), TemporaryBan("101", seconds))


def started_by_customer(at: datetime, attempt: AttemptState) -> Decision:
    session = make_state(status=Status.DISCONNECTED, reason=Reason.TEMP_BAN, wanted_attempt=2)
    return decide(make_situation(session, now=at, attempt=attempt), RowRead())


@given(st.lists(st.tuples(LENGTHS, STARTED_AFTER), min_size=4, max_size=12))
def test_it_logs_in_three_times_a_day(bans: list[tuple[float, timedelta | None]]) -> None:
    """The customer may press Start during a wait, after which the number is banned again."""
    now, attempt, logins = NOW, AttemptState(), [NOW]
    for seconds, started_after in bans:
        decision = banned(now, attempt, seconds)
        attempt, due = decision.attempt, now + wait(decision)
        if started_after is not None and now + started_after < due:
            decision = started_by_customer(now + started_after, attempt)
            now += started_after
            due = now if logs_in(decision) else now + wait(decision)
        now = due
        if now > NOW + timedelta(days=3000):
            break  # bans of ten years would leave the calendar
        logins.append(now)

    assert all(later - first >= DAY for first, later in zip(logins, logins[3:], strict=False))


def test_it_remembers_the_bans_after_a_connection() -> None:
    situation = make_situation(attempt=AttemptState(banned_at=TODAY[:1]))

    connected = decide(situation, Connected(JID, "+351911111111"))

    assert wait(banned(NOW, connected.attempt, 0)) == timedelta(hours=6, minutes=1)


def test_it_forgets_bans_after_a_week() -> None:
    attempt = AttemptState(banned_at=(NOW - timedelta(days=7),))

    assert wait(banned(NOW, attempt, 0)) == timedelta(hours=1, minutes=1)


def test_it_delays_a_start_after_three_bans() -> None:
    decision = started_by_customer(NOW, AttemptState(banned_at=TODAY))

    (change,) = (e.change for e in decision.effects if isinstance(e, do.WriteChange))
    assert (change.event, change.attempt, change.retry_at) == (Event.TEMP_BAN, 2, TODAY[0] + DAY)
    assert wait(decision) == timedelta(hours=21)


def test_it_delays_a_resumed_number_after_three_bans() -> None:
    session = make_state(status=Status.DISCONNECTED, reason=Reason.SUSPENDED_BILLING)
    situation = make_situation(session, attempt=AttemptState(banned_at=TODAY))

    assert not logs_in(decide(situation, ActorStarted()))


def test_it_lets_a_customer_start_after_two_bans() -> None:
    assert logs_in(started_by_customer(NOW, AttemptState(banned_at=TODAY[1:])))
