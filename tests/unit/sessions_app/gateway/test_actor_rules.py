"""What follows from the row, from passed deadlines and from the results of effects."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.engine import engine_events as engine
from sessions_app.engine.protocol import EngineKind, StartFailure
from sessions_app.gateway.decisions import actor_events as happened
from sessions_app.gateway.decisions import effects as do
from sessions_app.gateway.decisions.actor_events import ActorEvent, DeadlinePurpose
from sessions_app.gateway.decisions.actor_rules import decide
from sessions_app.gateway.decisions.attempt import AttemptState, ClientState
from sessions_app.gateway.decisions.effects import Decision
from sessions_app.gateway.ports import UNCHANGED, Change, LinkedDevice, SessionState
from sessions_app.lifecycle import Event, Reason, Status, Wanted
from tests.unit.sessions_app.gateway.situations import CLOCK, JID, NOW, make_situation, make_state
from tests.unit.sessions_app.gateway.test_engine_rules import (
    LINKING,
    PHONE,
    PROXIED,
    QR,
    RUNNING,
    TEXT,
    UNLINKING,
    changes,
    deadline,
    events,
    kinds,
)

EARLIER = NOW - timedelta(minutes=3)  # past the time of an attempt
RECYCLED = ClientState(EngineKind.RUNNING, connected=True, should_move=True)
STALE = AttemptState(restarted=True, reconnects=3, engine_losses=(1.0,), replaced_at=2.0)


def start(decision: Decision) -> do.StartClient:
    (found,) = (e for e in decision.effects if isinstance(e, do.StartClient))
    return found


# The row


@pytest.mark.parametrize(
    ("fields", "expected", "effects"),
    [
        ({"attempt": 0, "jid": ""}, [Event.START], [do.WriteChange, do.StartClient]),
        ({}, [Event.RECONNECT], [do.WriteChange, do.StartClient]),
        ({"wanted_attempt": 2}, [Event.START], [do.WriteChange, do.StartClient]),
        (
            {"reason": Reason.SUSPENDED_BILLING, "status": Status.DISCONNECTED},
            [Event.RESUMED],
            [do.WriteChange, do.StartClient],
        ),
        ({"suspended": True}, [Event.SUSPENDED], [do.DropClient, do.WriteChange, do.Finish]),
        (
            {"wanted": Wanted.STOPPED},
            [Event.STOPPED],
            [do.DropClient, do.WriteChange, do.Finish],
        ),
        (
            {"status": Status.QR, "jid": "", "wanted_at": EARLIER},
            [Event.QR_EXPIRED],
            [do.DropClient, do.WriteChange, do.Finish],
        ),
        (
            {
                "status": Status.DISCONNECTED,
                "reason": Reason.SUSPENDED_BILLING,
                "jid": "",
                "wanted_at": EARLIER,
            },
            [Event.RESUMED, Event.QR_EXPIRED],
            [do.WriteChange, do.DropClient, do.WriteChange, do.Finish],
        ),
        ({"status": Status.DISCONNECTED}, [], [do.Finish]),
        ({"wanted": Wanted.UNLINKED}, [], [do.StartClient]),
        (
            {"wanted": Wanted.UNLINKED, "jid": ""},
            [Event.UNLINKED],
            [do.DropClient, do.WriteChange, do.FailWaitingTexts, do.DeleteKeys, do.Finish],
        ),
    ],
)
def test_it_follows_the_row_of_a_claimed_session(
    fields: dict[str, Any], expected: list[Event], effects: list[type]
) -> None:
    decision = decide(make_situation(make_state(**fields)), happened.ActorStarted())

    assert (events(decision), kinds(decision)) == (expected, effects)


def test_it_records_the_attempt_that_it_carries_out() -> None:
    session = make_state(attempt=1, wanted_attempt=4, jid="")

    decision = decide(make_situation(session), happened.ActorStarted())

    (change,) = changes(decision)
    assert change == Change(Event.START, "alice@example.com", attempt=4, retry_at=None)
    assert start(decision) == do.StartClient(
        EngineKind.LINKING, timedelta(seconds=30), DeadlinePurpose.QR
    )


def test_it_waits_for_the_time_of_the_next_try() -> None:
    session = make_state(status=Status.DISCONNECTED, next_retry_at=NOW + timedelta(seconds=9))

    decision = decide(make_situation(session), happened.ActorStarted())

    assert decision.effects == (do.SetDeadline(timedelta(seconds=9), DeadlinePurpose.RETRY),)


def test_it_begins_a_new_attempt_with_each_wish() -> None:
    situation = make_situation(make_state(wanted_attempt=2), attempt=STALE, client=RUNNING)

    decision = decide(situation, happened.RowRead())

    assert events(decision) == [Event.START]
    assert decision.attempt == AttemptState(engine_losses=(1.0,), replaced_at=2.0)


def test_it_changes_nothing_when_the_row_has_no_wish() -> None:
    situation = make_situation(attempt=STALE, client=RUNNING)

    assert decide(situation, happened.RowRead()) == Decision(STALE)


def test_it_finishes_when_the_cleanup_has_ended_the_session() -> None:
    situation = make_situation(make_state(status=Status.DISCONNECTED))

    assert decide(situation, happened.RowRead()).effects == (do.Finish(),)


# Pairing codes


def pairing(**fields: Any) -> SessionState:
    return make_state(jid="", status=Status.QR, wanted_pairing_phone=PHONE, **fields)


def test_it_requests_a_pairing_code_once_per_wish() -> None:
    situation = make_situation(pairing(), client=LINKING)

    first = decide(situation, happened.PairingCodeDue())
    again = decide(make_situation(pairing(), client=LINKING, attempt=first.attempt),
                   happened.RowRead())  # fmt: skip
    later = pairing(wanted_at=NOW + timedelta(seconds=1))
    anew = decide(make_situation(later, client=LINKING, attempt=first.attempt),
                  happened.RowRead())  # fmt: skip

    assert first.effects == anew.effects == (do.RequestPairingCode(PHONE),)
    assert again.effects == ()


@pytest.mark.parametrize(
    ("session", "client"),
    [
        (QR, LINKING),
        (pairing(), None),
        (make_state(jid="", status=Status.INITIALIZING, wanted_pairing_phone=PHONE), LINKING),
    ],
    ids=["no phone", "no client", "no code on the page"],
)
def test_it_requests_no_pairing_code_without_need(
    session: SessionState, client: ClientState | None
) -> None:
    situation = make_situation(session, client=client)

    assert decide(situation, happened.PairingCodeDue()) == Decision(situation.attempt)


@pytest.mark.parametrize(
    ("event", "change", "remembered"),
    [
        (
            happened.PairingCodeReceived("ABCD-EFGH"),
            Change(Event.PAIR_CODE, pairing_code="ABCD-EFGH", pairing_error=None),
            "ABCD-EFGH",
        ),
        (
            happened.PairingCodeRefused("x" * 200),
            Change(Event.QR_CODE, pairing_code=None, pairing_error="x" * 120),
            "",
        ),
        (
            happened.PairingCodeUnanswered(),
            Change(Event.QR_CODE, pairing_error="WhatsApp did not answer. Try again."),
            "",
        ),
    ],
)
def test_it_shows_the_pairing_code_or_the_error(
    event: ActorEvent, change: Change, remembered: str
) -> None:
    decision = decide(make_situation(pairing(), client=LINKING), event)

    assert decision.effects == (do.WriteChange(change),)
    assert decision.attempt.pairing_code == remembered


# A number that is linked twice


def test_it_lets_a_pairing_with_a_taken_number_finish() -> None:
    situation = make_situation(QR, client=LINKING)

    decision = decide(situation, happened.NumberAlreadyLinked(Event.PAIR_SUCCESS))

    (change,) = changes(decision)
    assert (change.event, change.device) == (Event.PAIR_SUCCESS, UNCHANGED)
    assert deadline(decision).purpose is DeadlinePurpose.PAIRING
    assert decision.attempt.number_taken


def test_it_logs_out_and_forgets_a_taken_number() -> None:
    situation = make_situation(QR, client=LINKING)

    taken = decide(situation, happened.NumberAlreadyLinked(Event.CONNECTED))
    ended = decide(make_situation(QR, attempt=taken.attempt), happened.LogoutFinished(False))

    assert taken.effects == (do.LogOut(),)
    assert kinds(ended) == [do.DropClient, do.WriteChange, do.DeleteKeys, do.Finish]
    (change,) = changes(ended)
    assert (change.event, change.device) == (Event.NUMBER_TAKEN, None)


@pytest.mark.parametrize(("confirmed", "hint"), [(True, False), (False, True)])
def test_it_logs_out_and_forgets_another_number(confirmed: bool, hint: bool) -> None:
    session = make_state(jid="", status=Status.QR, phone_number="+351933333333")
    pairing = decide(make_situation(session, client=LINKING), engine.PairSuccess(JID, PHONE))
    situation = make_situation(session, client=LINKING, attempt=pairing.attempt)

    login = decide(situation, engine.Connected(JID, PHONE))
    ended = decide(situation, happened.LogoutFinished(confirmed))

    (change,) = changes(pairing)
    assert (change.event, change.device) == (Event.PAIR_SUCCESS, UNCHANGED)
    assert kinds(login)[-1] is do.LogOut
    assert kinds(ended) == [do.DropClient, do.WriteChange, do.DeleteKeys, do.Finish]
    (change,) = changes(ended)
    assert (change.event, change.device) == (Event.OTHER_NUMBER, None)
    assert PHONE[-4:] in change.detail and PHONE not in change.detail
    assert ("Remove Pairline there" in change.detail) is hint


@pytest.mark.parametrize("known", ["", PHONE])
def test_it_links_the_number_that_belongs_here(known: str) -> None:
    session = make_state(jid="", status=Status.QR, phone_number=known)

    decision = decide(make_situation(session, client=LINKING), engine.PairSuccess(JID, PHONE))

    (change,) = changes(decision)
    assert (change.event, change.device) == (Event.PAIR_SUCCESS, LinkedDevice(JID, PHONE))


def test_it_refuses_another_number_without_its_scan() -> None:
    session = make_state(jid="", status=Status.QR, phone_number="+351933333333")

    decision = decide(make_situation(session, client=LINKING), engine.Connected(JID, PHONE))

    assert kinds(decision)[-1] is do.LogOut


def test_it_begins_a_new_pairing_without_earlier_refusals() -> None:
    refused = AttemptState(number_taken=True, other_number=PHONE)
    now = make_state(jid="", status=Status.QR, wanted_at=NOW)

    decision = decide(make_situation(now, attempt=refused), happened.ReplacementDue())

    assert not decision.attempt.number_taken and not decision.attempt.other_number


# Unlinking


def test_it_logs_out_a_connected_client_to_unlink() -> None:
    session = make_state(wanted=Wanted.UNLINKED)

    decision = decide(make_situation(session, client=RUNNING), happened.RowRead())

    assert decision.effects == (do.LogOut(),)
    assert decision.attempt.unlinking


@pytest.mark.parametrize(
    ("event", "detail"),
    [
        (happened.LogoutFinished(True), ""),
        (happened.LogoutFinished(False), "WhatsApp did not confirm it: "),
        (happened.NoProxy("no proxy"), "WhatsApp did not confirm it: "),
        (happened.EngineEnded(), "WhatsApp did not confirm it: "),
        (happened.DeadlinePassed(DeadlinePurpose.UNLINK), "WhatsApp did not confirm it: "),
    ],
)
def test_it_finishes_unlinking_whatever_happens(event: ActorEvent, detail: str) -> None:
    decision = decide(make_situation(attempt=UNLINKING), event)

    assert kinds(decision) == [
        do.DropClient,
        do.WriteChange,
        do.FailWaitingTexts,
        do.DeleteKeys,
        do.Finish,
    ]
    (change,) = changes(decision)
    assert change.event is Event.UNLINKED
    assert change.detail.startswith(detail) and bool(change.detail) is bool(detail)


# Deadlines


def passed(
    purpose: DeadlinePurpose, session: SessionState | None = None, **fields: Any
) -> Decision:
    return decide(make_situation(session, **fields), happened.DeadlinePassed(purpose))


@pytest.mark.parametrize(
    ("session", "outage_since", "expected"),
    [
        (make_state(jid="", status=Status.DISCONNECTED), None, [Event.START]),
        (make_state(jid="", status=Status.INITIALIZING), None, []),
        (make_state(status=Status.DISCONNECTED), None, [Event.RECONNECT]),
        (make_state(status=Status.DISCONNECTED), 1.0, []),
        (make_state(status=Status.INITIALIZING), None, []),
    ],
)
def test_it_tries_again_when_the_wait_is_over(
    session: SessionState, outage_since: float | None, expected: list[Event]
) -> None:
    decision = passed(
        DeadlinePurpose.RETRY, session, attempt=AttemptState(outage_since=outage_since)
    )

    assert events(decision) == expected
    kind = EngineKind.RUNNING if session.jid else EngineKind.LINKING
    assert start(decision).kind is kind


def test_it_restarts_without_a_qr_code_once() -> None:
    first = passed(DeadlinePurpose.QR, QR, client=LINKING)
    second = passed(DeadlinePurpose.QR, QR, client=LINKING, attempt=first.attempt)

    assert kinds(first) == [do.RetireEngine, do.WriteChange, do.StartClient]
    assert changes(first)[0].detail == "no code after 30 s; started again"
    assert kinds(second) == [do.RetireEngine, do.DropClient, do.WriteChange, do.Finish]
    assert events(second) == [Event.STUCK_NO_QR]


@pytest.mark.parametrize(
    ("purpose", "attempt", "expected", "last"),
    [
        (DeadlinePurpose.QR_ROTATION, AttemptState(), [Event.QR_EXPIRED], do.Finish),
        (DeadlinePurpose.PAIRING, AttemptState(), [Event.PAIR_SUCCESS], do.StartClient),
        (DeadlinePurpose.PAIRING, AttemptState(number_taken=True), [], do.LogOut),
        (DeadlinePurpose.PAIRING, AttemptState(other_number=PHONE), [], do.LogOut),
        (DeadlinePurpose.PROXIED_RECONNECT, AttemptState(), [], do.StartClient),
        (DeadlinePurpose.CONNECT, AttemptState(), [Event.CONNECT_FAILED], do.SetDeadline),
        (DeadlinePurpose.RECONNECT, AttemptState(), [Event.CONNECT_FAILED], do.SetDeadline),
    ],
)
def test_it_acts_when_nothing_happens_in_time(
    purpose: DeadlinePurpose, attempt: AttemptState, expected: list[Event], last: type
) -> None:
    decision = passed(purpose, client=RUNNING, attempt=attempt)

    assert (events(decision), kinds(decision)[-1]) == (expected, last)


def test_it_blames_the_proxy_of_a_proxied_client() -> None:
    assert events(passed(DeadlinePurpose.CONNECT, client=PROXIED)) == [Event.PROXY_FAILED]


# Outages


@pytest.mark.parametrize(
    ("session", "lasted", "event", "last"),
    [
        (make_state(), 240, Event.CONNECT_FAILED, do.SetDeadline),
        (make_state(), 241, Event.UNREACHABLE, do.SetDeadline),
        (QR, 30, Event.CONNECT_FAILED, do.SetDeadline),
        (QR, 31, Event.UNREACHABLE, do.Finish),
    ],
)
def test_it_reports_an_outage_that_lasts(
    session: SessionState, lasted: float, event: Event, last: type
) -> None:
    attempt = AttemptState(outage_since=CLOCK - lasted)

    decision = passed(DeadlinePurpose.CONNECT, session, client=RUNNING, attempt=attempt)

    assert (events(decision), kinds(decision)[-1]) == ([event], last)


@pytest.mark.parametrize(
    ("session", "lasted", "last"),
    [(make_state(), 9_999, do.SetDeadline), (QR, 30, do.SetDeadline), (QR, 31, do.Finish)],
)
def test_it_never_drops_the_proxy_of_a_linked_number(
    session: SessionState, lasted: float, last: type
) -> None:
    situation = make_situation(session, attempt=AttemptState(outage_since=CLOCK - lasted))

    decision = decide(situation, happened.NoProxy("The proxy's address is not public."))

    (change,) = changes(decision)
    assert (change.event, change.detail) == (
        Event.PROXY_FAILED,
        "The proxy's address is not public.",
    )
    assert kinds(decision)[-1] is last


def test_it_waits_longer_with_each_try() -> None:
    waits, attempt = [], AttemptState()
    for _ in range(4):
        decision = passed(DeadlinePurpose.CONNECT, client=RUNNING, attempt=attempt)
        waits.append(deadline(decision).delay.total_seconds())
        attempt = decision.attempt

    assert waits == [5, 10, 20, 40]


@pytest.mark.parametrize(("session", "last"), [(make_state(), do.SetDeadline), (QR, do.Finish)])
def test_it_retries_local_faults_of_linked_sessions_only(session: SessionState, last: type) -> None:
    decision = decide(make_situation(session), happened.NoEngine("no library"))

    assert events(decision) == [Event.ENGINE_UNAVAILABLE]
    assert kinds(decision)[-1] is last


def test_it_waits_longer_with_each_local_fault() -> None:
    waits, attempt = [], AttemptState()
    for _ in range(3):
        decision = decide(make_situation(attempt=attempt), happened.NoEngine("no library"))
        waits.append(deadline(decision).delay.total_seconds())
        attempt = decision.attempt

    assert waits == [60, 120, 300]


# Engines


def test_it_replaces_an_engine_that_ended_at_once() -> None:
    lost = decide(make_situation(client=RUNNING), happened.EngineEnded())
    replaced = decide(make_situation(attempt=lost.attempt), happened.ReplacementDue())

    assert lost.effects == (
        do.WriteChange(Change(Event.ENGINE_LOST)),
        do.Continue(happened.ReplacementDue()),
    )
    assert kinds(replaced) == [do.StartClient]


def test_it_backs_off_when_engines_end_again_and_again() -> None:
    attempt = AttemptState(engine_losses=(CLOCK - 61, CLOCK - 3, CLOCK - 2, CLOCK - 1))

    lost = decide(make_situation(client=RUNNING, attempt=attempt), happened.EngineEnded())
    waiting = decide(make_situation(attempt=lost.attempt), happened.ReplacementDue())

    assert lost.attempt.engine_losses == (CLOCK - 3, CLOCK - 2, CLOCK - 1, CLOCK)
    assert kinds(waiting) == [do.DropClient, do.WriteChange, do.SetDeadline]


@pytest.mark.parametrize(("wanted_at", "event"), [(NOW, Event.START), (EARLIER, Event.QR_EXPIRED)])
def test_it_pairs_again_while_the_customer_waits(wanted_at: Any, event: Event) -> None:
    session = make_state(jid="", status=Status.INITIALIZING, wanted_at=wanted_at)

    assert events(decide(make_situation(session), happened.ReplacementDue())) == [event]


@pytest.mark.parametrize(
    ("client", "effects"),
    [(RECYCLED, [do.MoveClient]), (RUNNING, []), (None, []), (LINKING, [])],
)
def test_it_moves_a_connected_client_from_a_recycled_engine(
    client: ClientState | None, effects: list[type]
) -> None:
    assert kinds(decide(make_situation(client=client), happened.MoveDue())) == effects


def test_it_works_from_its_engine_when_it_cannot_move() -> None:
    situation = make_situation(client=RECYCLED, attempt=AttemptState(moving=True))

    decision = decide(situation, happened.MoveFailed())

    assert decision == Decision(AttemptState(), (do.StartSending(),))


@pytest.mark.parametrize("event", [happened.ProbeFailed(), happened.SendStuck()])
def test_it_replaces_a_client_that_only_looks_alive(event: ActorEvent) -> None:
    decision = decide(make_situation(client=RUNNING), event)

    assert events(decision) == [Event.DROPPED]
    assert kinds(decision)[-1] is do.StartClient
    assert decision.attempt.outage_since == CLOCK


# Invariants

SESSIONS = st.builds(
    make_state,
    wanted=st.sampled_from(Wanted),
    wanted_attempt=st.integers(0, 3),
    attempt=st.integers(0, 3),
    wanted_at=st.sampled_from([NOW, EARLIER]),
    wanted_pairing_phone=st.sampled_from(["", PHONE]),
    status=st.sampled_from(Status),
    reason=st.sampled_from(Reason),
    jid=st.sampled_from(["", JID]),
    next_retry_at=st.sampled_from([None, EARLIER, NOW + timedelta(seconds=9)]),
    suspended=st.booleans(),
)
ATTEMPTS = st.builds(
    AttemptState,
    restarted=st.booleans(),
    moving=st.booleans(),
    unlinking=st.booleans(),
    number_taken=st.booleans(),
    other_number=st.sampled_from(["", PHONE]),
    pairing_code=st.sampled_from(["", "ABCD-EFGH"]),
    qr_expires_at=st.sampled_from([None, NOW, NOW + timedelta(minutes=1)]),
    outage_since=st.none() | st.floats(0, CLOCK),
    reconnects=st.integers(0, 5_000),
    pairings=st.integers(0, 5_000),
    refusals=st.integers(0, 5),
    outdated=st.integers(0, 5),
    engine_losses=st.lists(st.floats(0, CLOCK), max_size=5).map(tuple),
    replaced_at=st.none() | st.floats(0, CLOCK),
)
CLIENTS = st.none() | st.builds(
    ClientState, st.sampled_from(EngineKind), st.booleans(), st.booleans(), st.booleans()
)
HAPPENED = st.one_of(
    st.builds(happened.DeadlinePassed, st.sampled_from(DeadlinePurpose)),
    st.builds(happened.NumberAlreadyLinked, st.sampled_from([Event.PAIR_SUCCESS, Event.CONNECTED])),
    st.builds(happened.LogoutFinished, st.booleans()),
    st.builds(engine.KeepaliveTimeout, st.integers(1, 5)),
    st.builds(engine.StartFailed, st.sampled_from(StartFailure), st.just("why")),
    st.builds(engine.TemporaryBan, st.just("101"), st.integers(0, 99_999)),
    st.sampled_from(
        [
            happened.ActorStarted(),
            happened.RowRead(),
            happened.EngineEnded(),
            happened.ReplacementDue(),
            happened.MoveDue(),
            happened.MoveFailed(),
            happened.ProbeFailed(),
            happened.SendStuck(),
            happened.NoEngine("none"),
            happened.NoProxy("none"),
            happened.PairingCodeDue(),
            happened.PairingCodeReceived("ABCD-EFGH"),
            happened.PairingCodeRefused("no"),
            happened.PairingCodeUnanswered(),
            engine.QrShown("2@code", 1, 6, NOW.timestamp()),
            engine.QrTimeout(),
            engine.PairSuccess(JID, PHONE),
            engine.PairError("error"),
            engine.Connected(JID, PHONE),
            engine.Disconnected(),
            engine.KeepaliveRestored(),
            engine.StreamError("503"),
            engine.StreamReplaced(),
            engine.LoggedOut("401"),
            engine.ClientOutdated(),
            engine.ConnectFailure("503"),
            engine.ProofOfLife(),
            TEXT,
        ]
    ),
)


@given(SESSIONS, ATTEMPTS, CLIENTS, st.booleans(), HAPPENED)
def test_it_decides_soundly_in_every_situation(
    session: SessionState,
    attempt: AttemptState,
    client: ClientState | None,
    deadline_set: bool,
    event: ActorEvent,
) -> None:
    situation = make_situation(session, attempt=attempt, client=client, deadline_set=deadline_set)

    decision = decide(situation, event)

    done = kinds(decision)
    if do.Finish in done:  # an ended session has no client, and says so in its row
        assert done[-1] is do.Finish
        assert done == [do.Finish] or done.index(do.DropClient) < done.index(do.WriteChange)
        assert not {do.StartClient, do.MoveClient, do.SetDeadline} & set(done)
    if do.DeleteKeys in done:  # a client without its keys would be lost
        assert done.index(do.DropClient) < done.index(do.DeleteKeys)
        # The write checks the lease: without it, the keys belong to the next owner.
        assert done.index(do.WriteChange) < done.index(do.DeleteKeys)
        assert changes(decision)[-1].device is None
    if do.DropClient in done and do.Finish not in done:  # the page shows the wait
        assert changes(decision)[-1].retry_at == NOW + deadline(decision).delay
    for answered in (do.Continue, do.LogOut, do.RequestPairingCode):
        assert answered not in done[:-1]
