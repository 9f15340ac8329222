"""What each engine event leads to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sessions_app.engine import engine_events as engine
from sessions_app.engine.engine_events import EngineEvent
from sessions_app.engine.protocol import EngineKind, StartFailure
from sessions_app.gateway.decisions import effects as do
from sessions_app.gateway.decisions.actor_events import DeadlinePurpose, PairingCodeDue
from sessions_app.gateway.decisions.actor_rules import decide
from sessions_app.gateway.decisions.attempt import AttemptState, ClientState, Situation
from sessions_app.gateway.decisions.effects import Decision
from sessions_app.gateway.decisions.event_facts import phone_seen, proves_life
from sessions_app.gateway.ports import Change, LinkedDevice, PairingQr
from sessions_app.lifecycle import Event, Status
from tests.unit.sessions_app.gateway.situations import CLOCK, JID, NOW, make_situation, make_state

LINKING = ClientState(EngineKind.LINKING)
RUNNING = ClientState(EngineKind.RUNNING, connected=True)
PROXIED = ClientState(EngineKind.RUNNING, connected=True, proxied=True)
QR = make_state(jid="", status=Status.QR)
UNLINKING = AttemptState(unlinking=True)
EXPIRY = NOW + timedelta(seconds=60)
CODE = engine.QrShown("2@code", 1, 6, EXPIRY.timestamp())
PHONE = "+351911111111"
TEXT = engine.MessageReceived(
    peer="+351922222222",
    chat="351922222222@s.whatsapp.net",
    whatsapp_id="3EB0",
    peer_name="Bob",
    text="Hi",
    media=None,
    sent_at=NOW.timestamp(),
    from_me=False,
    key="k",
)


def kinds(decision: Decision) -> list[type]:
    return [type(effect) for effect in decision.effects]


def changes(decision: Decision) -> list[Change]:
    return [e.change for e in decision.effects if isinstance(e, do.WriteChange)]


def events(decision: Decision) -> list[Event]:
    return [change.event for change in changes(decision)]


def deadline(decision: Decision) -> do.SetDeadline:
    (found,) = (e for e in decision.effects if isinstance(e, do.SetDeadline))
    return found


def test_it_shows_a_qr_code_until_it_expires() -> None:
    decision = decide(make_situation(QR, client=LINKING), CODE)

    assert decision.effects == (
        do.LogLine("QR code generated for session", "1 of 6"),
        do.MarkAnswered(),
        do.WriteChange(
            Change(
                Event.QR_CODE,
                "WhatsApp",
                "1 of 6",
                qr=PairingQr("2@code", 1, 6, EXPIRY),
                pairing_code=None,
            )
        ),
        do.SetDeadline(timedelta(seconds=75), DeadlinePurpose.QR_ROTATION),
        do.Continue(PairingCodeDue()),
    )
    assert decision.attempt.qr_expires_at == EXPIRY


def test_it_keeps_the_pairing_code_when_the_qr_rotates() -> None:
    attempt = AttemptState(pairing_code="ABCD-EFGH", outage_since=1.0)
    decision = decide(make_situation(QR, client=LINKING, attempt=attempt), CODE)

    (change,) = changes(decision)
    assert (change.event, change.pairing_code) == (Event.PAIR_CODE, "ABCD-EFGH")
    assert decision.attempt.outage_since is None


@pytest.mark.parametrize(
    ("attempt", "expected"),
    [
        (AttemptState(), [Event.START]),
        (AttemptState(qr_expires_at=EXPIRY), [Event.START]),
        (AttemptState(qr_expires_at=EXPIRY, restarted=True), [Event.QR_EXPIRED]),
        (AttemptState(qr_expires_at=NOW), [Event.QR_EXPIRED]),
    ],
    ids=["before a code", "before the expiry", "a second time", "at the expiry"],
)
def test_it_restarts_an_attempt_that_timed_out_early_once(
    attempt: AttemptState, expected: list[Event]
) -> None:
    decision = decide(make_situation(QR, client=LINKING, attempt=attempt), engine.QrTimeout())

    assert events(decision) == expected
    assert decision.attempt.restarted is (expected == [Event.START] or attempt.restarted)
    assert (do.Finish in kinds(decision)) is (expected == [Event.QR_EXPIRED])


def test_it_stores_the_device_after_a_scan() -> None:
    decision = decide(make_situation(QR, client=LINKING), engine.PairSuccess(JID, PHONE))

    (change,) = changes(decision)
    assert (change.device, change.phone_seen_at) == (LinkedDevice(JID, PHONE), NOW)
    assert deadline(decision) == do.SetDeadline(timedelta(seconds=60), DeadlinePurpose.PAIRING)


def test_it_ends_an_attempt_that_the_phone_refused() -> None:
    decision = decide(make_situation(QR, client=LINKING), engine.PairError("error"))

    assert kinds(decision) == [do.DropClient, do.WriteChange, do.Finish]
    assert changes(decision)[0].detail == "error"


def test_it_starts_sending_once_connected() -> None:
    attempt = AttemptState(outage_since=1.0, reconnects=4, refusals=2, engine_losses=(1.0,))
    situation = make_situation(client=RUNNING, attempt=attempt, deadline_set=True)

    decision = decide(situation, engine.Connected(JID, PHONE))

    assert kinds(decision) == [
        do.MarkConnected,
        do.ClearDeadline,
        do.WriteChange,
        do.StartSending,
    ]
    assert changes(decision)[0].proved_at == NOW
    assert decision.attempt == AttemptState(engine_losses=(1.0,))


def test_it_moves_out_of_the_linking_engine_once_connected() -> None:
    decision = decide(make_situation(client=LINKING), engine.Connected(JID, PHONE))

    assert kinds(decision)[-1] is do.MoveClient
    assert decision.attempt.moving


def test_it_logs_the_end_of_a_move() -> None:
    situation = make_situation(client=RUNNING, attempt=AttemptState(moving=True))

    decision = decide(situation, engine.Connected(JID, PHONE))

    assert do.LogLine("Session moved to another engine") in decision.effects
    assert not decision.attempt.moving


@pytest.mark.parametrize("attempt", [UNLINKING, AttemptState(number_taken=True)])
def test_it_logs_out_a_device_that_must_not_stay(attempt: AttemptState) -> None:
    situation = make_situation(client=RUNNING, attempt=attempt)

    decision = decide(situation, engine.Connected(JID, PHONE))

    assert decision == Decision(attempt, (do.MarkConnected(), do.ClearDeadline(), do.LogOut()))


@pytest.mark.parametrize(
    ("client", "seconds", "purpose"),
    [
        (RUNNING, 180, DeadlinePurpose.RECONNECT),
        (PROXIED, 10, DeadlinePurpose.PROXIED_RECONNECT),
    ],
)
def test_it_gives_the_library_time_to_reconnect(
    client: ClientState, seconds: float, purpose: DeadlinePurpose
) -> None:
    decision = decide(make_situation(client=client), engine.Disconnected())

    assert kinds(decision) == [do.MarkDisconnected, do.WriteChange, do.SetDeadline]
    assert deadline(decision) == do.SetDeadline(timedelta(seconds=seconds), purpose)
    assert decision.attempt.outage_since == CLOCK


def test_it_keeps_a_deadline_that_is_set_already() -> None:
    attempt = AttemptState(outage_since=7.0)
    situation = make_situation(client=RUNNING, deadline_set=True, attempt=attempt)

    decision = decide(situation, engine.Disconnected())

    assert kinds(decision) == [do.MarkDisconnected, do.WriteChange]
    assert decision.attempt.outage_since == 7.0


@pytest.mark.parametrize(
    ("count", "deadline_set", "event", "effects"),
    [
        (1, False, Event.KEEPALIVE_SLOW, [do.WriteChange]),
        (2, False, Event.KEEPALIVE_SLOW, [do.WriteChange]),
        (3, False, Event.KEEPALIVE_LOST, [do.WriteChange, do.SetDeadline]),
        (4, True, Event.KEEPALIVE_LOST, [do.WriteChange]),
    ],
)
def test_it_treats_the_third_silence_as_lost(
    count: int, deadline_set: bool, event: Event, effects: list[type]
) -> None:
    situation = make_situation(client=RUNNING, deadline_set=deadline_set)

    decision = decide(situation, engine.KeepaliveTimeout(count))

    assert (events(decision), kinds(decision)) == ([event], effects)


def test_it_is_connected_again_when_keepalives_are_answered() -> None:
    decision = decide(make_situation(client=RUNNING), engine.KeepaliveRestored())

    change = Change(Event.CONNECTED, "WhatsApp", retry_at=None)
    assert decision.effects == (do.ClearDeadline(), do.WriteChange(change))


@pytest.mark.parametrize(
    ("replaced_at", "last"),
    [(None, do.SetDeadline), (CLOCK - 601, do.SetDeadline), (CLOCK - 599, do.Finish)],
)
def test_it_does_not_fight_another_client(replaced_at: float | None, last: type) -> None:
    situation = make_situation(client=RUNNING, attempt=AttemptState(replaced_at=replaced_at))

    decision = decide(situation, engine.StreamReplaced())

    assert kinds(decision) == [do.DropClient, do.WriteChange, last]
    assert decision.attempt.replaced_at == CLOCK


@pytest.mark.parametrize(
    ("detail", "event"),
    [
        ("401", Event.LOGGED_OUT),
        ("403", Event.ACCOUNT_LOCKED),
        ("406", Event.ACCOUNT_BANNED),
        ("new", Event.LOGGED_OUT),
    ],
)
def test_it_ends_the_link_after_a_logout(detail: str, event: Event) -> None:
    decision = decide(make_situation(client=RUNNING), engine.LoggedOut(detail))

    assert kinds(decision) == [
        do.DropClient,
        do.WriteChange,
        do.FailWaitingTexts,
        do.DeleteKeys,
        do.Finish,
    ]
    (change,) = changes(decision)
    assert (change.event, change.device) == (event, None)


def test_it_takes_a_logout_for_the_end_of_unlinking() -> None:
    decision = decide(make_situation(attempt=UNLINKING), engine.LoggedOut("401"))

    (change,) = changes(decision)
    assert (change.event, change.actor, change.detail) == (
        Event.UNLINKED,
        "alice@example.com",
        "",
    )


def test_it_retries_a_little_after_a_ban_ends() -> None:
    decision = decide(make_situation(client=RUNNING), engine.TemporaryBan("101", 3600))

    (change,) = changes(decision)
    assert (change.event, change.detail) == (Event.TEMP_BAN, "code 101")
    assert change.retry_at == NOW + timedelta(seconds=3660)
    assert deadline(decision).delay == timedelta(seconds=3660)
    assert decision.attempt.banned_at == (NOW,)


@pytest.mark.parametrize(
    ("session", "refusals", "minutes"),
    [
        (make_state(), 0, 1),
        (make_state(), 2, 15),
        (make_state(), 3, None),
        (QR, 0, None),
    ],
)
def test_it_repeats_a_refused_login_three_times(
    session: Any, refusals: int, minutes: int | None
) -> None:
    situation = make_situation(session, attempt=AttemptState(refusals=refusals))

    decision = decide(situation, engine.ConnectFailure("503"))

    assert changes(decision)[0].detail == "code 503"
    if minutes is None:
        assert kinds(decision)[-1] is do.Finish
    else:
        assert deadline(decision).delay == timedelta(minutes=minutes)
        assert decision.attempt.refusals == refusals + 1


@pytest.mark.parametrize(("session", "last"), [(make_state(), do.SetDeadline), (QR, do.Finish)])
def test_it_waits_for_updates_of_linked_sessions_only(session: Any, last: type) -> None:
    decision = decide(make_situation(session), engine.ClientOutdated())

    assert kinds(decision)[-1] is last
    assert events(decision) == [Event.CLIENT_OUTDATED]


@pytest.mark.parametrize(
    ("code", "client", "event", "last"),
    [
        (StartFailure.DIAL, RUNNING, Event.CONNECT_FAILED, do.SetDeadline),
        (StartFailure.DIAL, PROXIED, Event.PROXY_FAILED, do.SetDeadline),
        (StartFailure.OTHER, RUNNING, Event.CONNECT_FAILED, do.SetDeadline),
        (StartFailure.PROXY, PROXIED, Event.PROXY_FAILED, do.SetDeadline),
        (StartFailure.CLOCK, RUNNING, Event.CLOCK_WRONG, do.SetDeadline),
        (StartFailure.STORAGE_FULL, RUNNING, Event.STORAGE_FULL, do.SetDeadline),
        (StartFailure.KEYS_MISSING, RUNNING, Event.KEYS_MISSING, do.Finish),
        (StartFailure.KEYS_DAMAGED, RUNNING, Event.KEYS_DAMAGED, do.Finish),
    ],
)
def test_it_gives_each_failed_start_its_own_event(
    code: StartFailure, client: ClientState, event: Event, last: type
) -> None:
    decision = decide(make_situation(client=client), engine.StartFailed(code, "why"))

    assert kinds(decision) == [do.MarkAnswered, do.DropClient, do.WriteChange, last]
    (change,) = changes(decision)
    dialled = code is StartFailure.DIAL and client is RUNNING
    assert (change.event, change.detail) == (event, "" if dialled else change.detail)
    if last is do.Finish:
        assert change.device is None


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        (StartFailure.KEYS_MISSING, ""),
        (StartFailure.DIAL, "WhatsApp did not confirm it: remove the device on the phone, too"),
    ],
)
def test_it_finishes_unlinking_even_if_the_start_fails(code: StartFailure, detail: str) -> None:
    decision = decide(make_situation(attempt=UNLINKING), engine.StartFailed(code, "why"))

    (change,) = changes(decision)
    assert (change.event, change.detail) == (Event.UNLINKED, detail)


def test_it_stores_a_message_under_its_key() -> None:
    (effect,) = decide(make_situation(client=RUNNING), TEXT).effects

    assert isinstance(effect, do.StoreMessage)
    assert (effect.key, effect.message.text, effect.message.sent_at) == ("k", "Hi", NOW)


def test_it_stores_a_receipt_under_its_key() -> None:
    read = engine.ReceiptReceived(
        peer=PHONE, chat="", whatsapp_ids=("3EB0",), status="read", sent_at=1.0, key="k"
    )
    (effect,) = decide(make_situation(client=RUNNING), read).effects

    assert isinstance(effect, do.StoreReceipt)
    at = datetime.fromtimestamp(1.0, UTC)
    assert (effect.key, effect.receipt.whatsapp_ids, effect.receipt.at) == ("k", ("3EB0",), at)


def test_it_only_logs_a_stream_error() -> None:
    (effect,) = decide(make_situation(client=RUNNING), engine.StreamError("503")).effects

    assert effect == do.LogLine("WhatsApp sent a stream error", "503", warning=True)


def test_it_does_nothing_about_a_proof_of_life() -> None:
    situation: Situation = make_situation(client=RUNNING)

    assert decide(situation, engine.ProofOfLife()) == Decision(situation.attempt)


@pytest.mark.parametrize(
    ("event", "proof"),
    [
        (TEXT, True),
        (engine.ProofOfLife(), True),
        (engine.Connected(JID, PHONE), True),
        (engine.KeepaliveRestored(), True),
        (engine.KeepaliveTimeout(1), False),
        (engine.Disconnected(), False),
        (PairingCodeDue(), False),
    ],
)
def test_it_tells_which_events_prove_life(event: Any, proof: bool) -> None:
    assert proves_life(event) is proof


@pytest.mark.parametrize(
    ("phone_at", "known", "seen"),
    [
        (NOW - timedelta(minutes=5), None, NOW - timedelta(minutes=5)),
        (NOW, NOW - timedelta(hours=1), NOW),
        (NOW, NOW - timedelta(minutes=59), None),
        (NOW - timedelta(days=2), NOW - timedelta(days=1), None),
        (NOW + timedelta(days=9), None, NOW),
    ],
    ids=["first", "an hour later", "too soon", "reported late", "a clock that is ahead"],
)
def test_it_notes_the_phone_hourly_and_never_backwards(
    phone_at: datetime, known: datetime | None, seen: datetime | None
) -> None:
    assert phone_seen(engine.ProofOfLife(phone_at.timestamp()), known, NOW) == seen


@pytest.mark.parametrize("event", [TEXT, engine.ProofOfLife(), engine.Disconnected()])
def test_it_sees_no_phone_in_other_events(event: EngineEvent) -> None:
    assert phone_seen(event, None, NOW) is None
