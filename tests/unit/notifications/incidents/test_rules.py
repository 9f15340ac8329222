"""The rules of notices: each row of the table, and random timelines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.incidents.rules import (
    NETWORK,
    RULES,
    NoticeTiming,
    OpenIncident,
    SessionChange,
    Step,
    after,
    due,
    unseen_warning,
)
from notifications.kinds import REMINDERS, NoticeKind
from sessions_app.lifecycle import Reason, Status

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
GRACE = timedelta(minutes=4)
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
READY = {Reason.OK, Reason.DEGRADED}


def changed(reason: Reason, *, linked: bool = True, at: datetime = START) -> SessionChange:
    status = Status.READY if reason in READY else Status.DISCONNECTED
    return SessionChange(status, reason, linked, at)


def lost(reason: Reason = Reason.RECONNECTING) -> OpenIncident:
    found = after(None, changed(reason), GRACE).incident
    assert found is not None
    return found


def notified(reason: Reason = Reason.LOGGED_OUT) -> OpenIncident:
    incident = lost(reason)
    return incident if incident.told else _incident(due(incident, START + GRACE))


def _incident(step: Step) -> OpenIncident:
    assert step.incident is not None
    return step.incident


def test_it_has_a_rule_for_every_reason() -> None:
    assert set(RULES) == set(Reason)


def of(timing: NoticeTiming) -> list[Reason]:
    return [
        reason for reason, rule in RULES.items() if rule.timing is timing and reason not in READY
    ]


EXPECTED = {
    NoticeTiming.AT_ONCE: {
        Reason.LOGGED_OUT,
        Reason.ACCOUNT_LOCKED,
        Reason.ACCOUNT_BANNED,
        Reason.TEMP_BAN,
        Reason.KEYS_MISSING,
        Reason.KEYS_DAMAGED,
        Reason.OTHER_NUMBER,
    },
    NoticeTiming.CONFIRM: {Reason.USER_DISCONNECT, Reason.UNLINKED},
    NoticeTiming.HUSH: {Reason.SUSPENDED_BILLING},
    NoticeTiming.KEEP: {
        Reason.SCAN,
        Reason.PAIR_CODE,
        Reason.QR_EXPIRED,
        Reason.PAIR_ERROR,
        Reason.STUCK_NO_QR,
        Reason.NUMBER_TAKEN,
    },
}


@pytest.mark.parametrize("timing", EXPECTED)
def test_it_has_the_rules_of_the_table(timing: NoticeTiming) -> None:
    assert set(of(timing)) == EXPECTED[timing]


@pytest.mark.parametrize("reason", of(NoticeTiming.AT_ONCE))
def test_it_notifies_at_once_if_action_is_needed(reason: Reason) -> None:
    step = after(None, changed(reason), GRACE)
    assert step.notice is NoticeKind.LOST
    assert _incident(step).told == {RULES[reason].cause}


@pytest.mark.parametrize("reason", of(NoticeTiming.GRACE))
def test_it_notifies_after_the_grace_if_it_may_heal(reason: Reason) -> None:
    step = after(None, changed(reason), GRACE)
    assert step.notice is None
    assert due(_incident(step), START + GRACE - SECOND).notice is None
    assert due(_incident(step), START + GRACE).notice is NoticeKind.LOST


@pytest.mark.parametrize("reason", of(NoticeTiming.GRACE))
def test_it_is_silent_after_recovery_within_the_grace(reason: Reason) -> None:
    step = after(lost(reason), changed(Reason.OK), GRACE)
    assert step.incident is None
    assert step.notice is (NoticeKind.LINKED if reason is Reason.PAIRING else None)


@pytest.mark.parametrize("reason", Reason)
def test_it_ignores_a_failed_first_attempt(reason: Reason) -> None:
    step = after(None, changed(reason, linked=False), GRACE)
    assert (step.incident, step.notice) == (None, None)


@pytest.mark.parametrize("reason", of(NoticeTiming.CONFIRM))
def test_it_confirms_what_a_user_ended(reason: Reason) -> None:
    assert after(None, changed(reason), GRACE).notice is NoticeKind.STOPPED
    step = after(notified(), changed(reason, linked=False), GRACE)
    assert (step.incident, step.notice) == (None, NoticeKind.STOPPED)


def test_it_ends_an_incident_silently_on_suspension() -> None:
    step = after(notified(), changed(Reason.SUSPENDED_BILLING), GRACE)
    assert (step.incident, step.ending, step.notice) == (None, "suspended", None)


@pytest.mark.parametrize("reason", of(NoticeTiming.KEEP))
def test_it_ignores_another_attempt_to_link(reason: Reason) -> None:
    incident = notified()
    assert after(incident, changed(reason, linked=False), GRACE) == Step(incident)


@pytest.mark.parametrize("reason", [*of(NoticeTiming.AT_ONCE), *of(NoticeTiming.GRACE)])
def test_it_notifies_of_recovery_after_a_notified_loss(reason: Reason) -> None:
    assert after(notified(reason), changed(Reason.OK), GRACE).notice is NoticeKind.RECOVERED


def test_it_notifies_of_a_logout_found_after_a_drop() -> None:
    step = after(lost(), changed(Reason.LOGGED_OUT, at=START + 60 * SECOND), GRACE)
    assert step.notice is NoticeKind.LOST
    assert _incident(step).due_at is None


@pytest.mark.parametrize("reason", [Reason.UNREACHABLE, Reason.PROXY_FAILED])
def test_it_keeps_the_grace_when_the_reason_changes(reason: Reason) -> None:
    step = after(lost(), changed(reason, at=START + 3 * 60 * SECOND), GRACE)
    assert _incident(step).due_at == START + GRACE


def test_it_reminds_after_one_three_and_seven_days() -> None:
    incident, reminded = notified(), []
    for hour in range(24 * 30):
        now = START + timedelta(hours=hour)
        step = due(incident, now)
        incident = _incident(step)
        reminded += [(now - START, incident.reminders)] if step.notice else []
    assert reminded == [(wait, place) for place, wait in enumerate(REMINDERS, 1)]


def test_it_skips_missed_reminders() -> None:
    step = due(notified(), START + 4 * DAY)
    assert step.notice is NoticeKind.REMINDER
    assert due(_incident(step), START + 5 * DAY).notice is None
    assert due(_incident(step), START + 7 * DAY).notice is NoticeKind.REMINDER


@pytest.mark.parametrize(
    ("days", "warning"), [(9.99, None), (10, 10), (11.9, 10), (12, 12), (30, 12)]
)
def test_it_warns_after_ten_and_twelve_days_offline(days: float, warning: int | None) -> None:
    assert unseen_warning(START, START + timedelta(days=days)) == warning


# Random timelines: changes of a number, with the notifier running in between.


@dataclass
class World:
    """A number, its incident, and the kinds of its notices."""

    linked: bool = False
    now: datetime = START
    incident: OpenIncident | None = None
    notices: list[NoticeKind] = field(default_factory=list)
    causes: Counter[str] = field(default_factory=Counter)

    def change(self, reason: Reason) -> None:
        was = self.linked
        if reason in {Reason.PAIRING, Reason.OK, Reason.DEGRADED}:
            self.linked = True
        elif reason in {Reason.LOGGED_OUT, Reason.ACCOUNT_BANNED, Reason.UNLINKED}:
            self.linked = False
        self._apply(after(self.incident, self._change(reason, was), GRACE))

    def _change(self, reason: Reason, was: bool) -> SessionChange:
        return changed(reason, linked=was or self.linked, at=self.now)

    def wait(self, length: timedelta) -> None:
        self.now += length
        if self.incident is not None:
            self._apply(due(self.incident, self.now))

    def _apply(self, step: Step) -> None:
        before = self.incident
        if step.incident is None or before is None:
            self.causes.clear()
        self.incident = step.incident
        if step.notice is None:
            return
        self.notices.append(step.notice)
        if step.notice is NoticeKind.LOST:
            self.causes[RULES[_incident(step).reason].cause] += 1
            assert max(self.causes.values()) == 1, "two notices of one cause"
        if step.notice is NoticeKind.RECOVERED:
            assert before is not None
            assert before.told, "recovery after a loss without a notice"
        if step.notice is NoticeKind.REMINDER:
            assert before is not None
            assert before.told
            assert before.reminders < _incident(step).reminders <= len(REMINDERS)


STEPS = st.one_of(
    st.sampled_from(list(Reason)),
    st.integers(min_value=0, max_value=14 * 24 * 3600).map(lambda s: timedelta(seconds=s)),
)


@given(st.lists(STEPS, max_size=60))
def test_it_never_notifies_twice_in_any_timeline(
    steps: list[Reason | timedelta],
) -> None:
    world = World()
    for step in steps:
        if isinstance(step, Reason):
            world.change(step)
        else:
            world.wait(step)
    lost, back = (world.notices.count(kind) for kind in (NoticeKind.LOST, NoticeKind.RECOVERED))
    assert back <= lost


@given(
    st.lists(STEPS, max_size=40),
    st.sampled_from(of(NoticeTiming.AT_ONCE) + of(NoticeTiming.GRACE)),
)
def test_it_never_misses_a_loss_in_any_timeline(
    steps: list[Reason | timedelta], reason: Reason
) -> None:
    """After any timeline, a linked number that stays lost has a notice within the grace."""
    world = World()
    for step in steps:
        if isinstance(step, Reason):
            world.change(step)
        else:
            world.wait(step)
    world.linked = True
    world.change(Reason.OK)
    world.notices.clear()

    world.change(reason)
    world.wait(GRACE)

    assert world.notices == [NoticeKind.LOST]


@given(st.lists(st.sampled_from(of(NoticeTiming.GRACE)), min_size=1, max_size=30))
def test_it_notifies_within_the_grace_whatever_reasons_follow(reasons: list[Reason]) -> None:
    world = World(linked=True)
    for reason in reasons:
        world.change(reason)
        world.wait(timedelta(minutes=1))
    world.wait(max(START + GRACE - world.now, timedelta()))
    assert (
        world.notices == [NoticeKind.LOST] if len(reasons) < 4 else NoticeKind.LOST in world.notices
    )


def test_it_treats_network_reasons_as_one_cause() -> None:
    same = {reason for reason, rule in RULES.items() if rule.cause == NETWORK.cause}
    assert {Reason.RECONNECTING, Reason.UNREACHABLE, Reason.ENGINE_RESTARTING} <= same
