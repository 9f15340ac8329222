"""What each engine event leads to, according to how whatsmeow was measured to behave."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sessions_app.engine import engine_events as engine
from sessions_app.engine.engine_events import EngineEvent
from sessions_app.engine.protocol import EngineKind, StartFailure
from sessions_app.gateway.decisions import backoff, routines
from sessions_app.gateway.decisions.actor_events import DeadlinePurpose, PairingCodeDue
from sessions_app.gateway.decisions.attempt import Situation
from sessions_app.gateway.decisions.effects import (
    ClearDeadline,
    Continue,
    Decision,
    Effect,
    LogLine,
    LogOut,
    MarkAnswered,
    MarkConnected,
    MarkDisconnected,
    MoveClient,
    SetDeadline,
    StartSending,
    StoreMessage,
    StoreReceipt,
    WriteChange,
)
from sessions_app.gateway.decisions.event_facts import incoming_message, moment, receipt
from sessions_app.gateway.decisions.routines import WHATSAPP
from sessions_app.gateway.ports import Change, LinkedDevice, PairingQr
from sessions_app.lifecycle import Event

PAIRING_PATIENCE = 2  # times ``stuck_seconds``, from the scan until a reconnect with the new keys
PROXIED_DROP_PATIENCE = timedelta(seconds=10)  # the proxy may be down, which a start finds out
DROP_PATIENCE = timedelta(seconds=180)  # whatsmeow reconnects by itself; then start a new client
KEEPALIVE_PATIENCE = timedelta(seconds=140)  # from the third silence; whatsmeow gives up earlier
KEEPALIVES_UNTIL_LOST = 3  # about 100 s without an answer
QR_GRACE = timedelta(seconds=15)  # for WhatsApp to report that the last code has expired
QR_EARLY = timedelta(seconds=5)  # a timeout so long before the expiry is a dropped connection
REPLACED_RETRY = timedelta(seconds=30)
REPLACED_MEMORY_SECONDS = 600.0
TEMP_BAN_MARGIN = timedelta(minutes=1)

_LOGGED_OUT: Mapping[str, Event] = {
    "401": Event.LOGGED_OUT,
    "403": Event.ACCOUNT_LOCKED,
    "406": Event.ACCOUNT_BANNED,
}
_START_FAILURES: Mapping[StartFailure, Event] = {
    StartFailure.CLOCK: Event.CLOCK_WRONG,
    StartFailure.KEYS_MISSING: Event.KEYS_MISSING,
    StartFailure.KEYS_DAMAGED: Event.KEYS_DAMAGED,
    StartFailure.STORAGE_FULL: Event.STORAGE_FULL,
    StartFailure.PROXY: Event.PROXY_FAILED,
}


def decide_engine_event(situation: Situation, event: EngineEvent) -> Decision:
    """Return what ``event`` of the current client leads to."""
    match event:
        case engine.QrShown():
            return _qr_shown(situation, event)
        case engine.QrTimeout():
            return _qr_timeout(situation)
        case engine.PairSuccess():
            return _pair_success(situation, event)
        case engine.PairError():
            return routines.rest(situation, Event.PAIR_ERROR, WHATSAPP, event.detail)
        case engine.Connected():
            return _connected(situation, event)
        case engine.KeepaliveRestored():
            return _keepalive_restored(situation)
        case engine.KeepaliveTimeout():
            return _keepalive_timeout(situation, event)
        case engine.Disconnected():
            return _disconnected(situation)
        case engine.StreamReplaced():
            return _stream_replaced(situation)
        case engine.LoggedOut():
            return _logged_out(situation, event)
        case engine.TemporaryBan():
            return _temporary_ban(situation, event)
        case engine.ClientOutdated():
            return _client_outdated(situation)
        case engine.ConnectFailure():
            return _connect_failure(situation, event)
        case engine.StartFailed():
            return _start_failed(situation, event)
    return Decision(situation.attempt, _passing_effects(event))


def _passing_effects(event: EngineEvent) -> tuple[Effect, ...]:
    """The effects of events that do not change the session."""
    match event:
        case engine.MessageReceived():
            return (StoreMessage(incoming_message(event), event.key),)
        case engine.ReceiptReceived():
            return (StoreReceipt(receipt(event), event.key),)
        case engine.StreamError():
            return (LogLine("WhatsApp sent a stream error", event.detail, warning=True),)
    return ()


# Pairing


def _qr_shown(situation: Situation, event: engine.QrShown) -> Decision:
    expires_at = moment(event.expires_at)
    code, detail = situation.attempt.pairing_code, f"{event.number} of {event.of}"
    change = Change(
        Event.PAIR_CODE if code else Event.QR_CODE,
        WHATSAPP,
        detail,
        qr=PairingQr(event.text, event.number, event.of, expires_at),
        pairing_code=code or None,
    )
    patience = expires_at - situation.now + QR_GRACE
    return Decision(
        situation.remember(outage_since=None, qr_expires_at=expires_at).attempt,
        (
            LogLine("QR code generated for session", detail),
            MarkAnswered(),
            WriteChange(change),
            SetDeadline(patience, DeadlinePurpose.QR_ROTATION),
            Continue(PairingCodeDue()),
        ),
    )


def _qr_timeout(situation: Situation) -> Decision:
    expires_at = situation.attempt.qr_expires_at
    early = expires_at is None or situation.now < expires_at - QR_EARLY
    if early and not situation.attempt.restarted:
        detail = "WhatsApp closed the connection; started again"
        return routines.pair(situation.remember(restarted=True), detail)
    return routines.rest(situation, Event.QR_EXPIRED, WHATSAPP)


def _pair_success(situation: Situation, event: engine.PairSuccess) -> Decision:
    if situation.is_other_number(event.phone):
        return finish_refused(situation.remember(other_number=event.phone))
    change = Change(
        Event.PAIR_SUCCESS,
        WHATSAPP,
        device=LinkedDevice(event.jid, event.phone),
        phone_seen_at=situation.now,
    )
    return Decision(situation.attempt, (WriteChange(change), login_deadline(situation)))


def finish_refused(situation: Situation) -> Decision:
    """Let a pairing finish that is refused, because only a connected client can be logged out."""
    change = WriteChange(Change(Event.PAIR_SUCCESS, WHATSAPP))
    return Decision(situation.attempt, (change, login_deadline(situation)))


def login_deadline(situation: Situation) -> SetDeadline:
    """Return the deadline for the login that follows a scan."""
    patience = timedelta(seconds=PAIRING_PATIENCE * situation.stuck_seconds)
    return SetDeadline(patience, DeadlinePurpose.PAIRING)


# The connection


def _connected(situation: Situation, event: engine.Connected) -> Decision:
    logged_in: tuple[Effect, ...] = (MarkConnected(), ClearDeadline())
    if situation.is_other_number(event.phone):
        situation = situation.remember(other_number=event.phone)
    if situation.attempt.unlinking or situation.refuses_link:
        return Decision(situation.attempt, (*logged_in, LogOut()))
    change = Change(
        Event.CONNECTED,
        WHATSAPP,
        device=LinkedDevice(event.jid, event.phone),
        retry_at=None,
        proved_at=situation.now,
    )
    moved = (LogLine("Session moved to another engine"),) if situation.attempt.moving else ()
    fresh = situation.with_new_attempt()
    effects: tuple[Effect, ...] = (*logged_in, WriteChange(change), *moved)
    if situation.client is not None and situation.client.kind is EngineKind.LINKING:
        move = MoveClient(routines.CONNECT_PATIENCE)
        return Decision(fresh.remember(moving=True).attempt, (*effects, move))
    return Decision(fresh.attempt, (*effects, StartSending()))


def _disconnected(situation: Situation) -> Decision:
    attempt = routines.in_outage(situation).attempt
    effects = (MarkDisconnected(), WriteChange(Change(Event.DROPPED, WHATSAPP)))
    if situation.deadline_set:
        return Decision(attempt, effects)
    if situation.client is not None and situation.client.proxied:
        deadline = SetDeadline(PROXIED_DROP_PATIENCE, DeadlinePurpose.PROXIED_RECONNECT)
    else:
        deadline = SetDeadline(DROP_PATIENCE, DeadlinePurpose.RECONNECT)
    return Decision(attempt, (*effects, deadline))


def _keepalive_timeout(situation: Situation, event: engine.KeepaliveTimeout) -> Decision:
    lost = event.count >= KEEPALIVES_UNTIL_LOST
    change = Change(Event.KEEPALIVE_LOST if lost else Event.KEEPALIVE_SLOW, WHATSAPP)
    if lost and not situation.deadline_set:
        deadline = SetDeadline(KEEPALIVE_PATIENCE, DeadlinePurpose.RECONNECT)
        return Decision(situation.attempt, (WriteChange(change), deadline))
    return Decision(situation.attempt, (WriteChange(change),))


def _keepalive_restored(situation: Situation) -> Decision:
    change = Change(Event.CONNECTED, WHATSAPP, retry_at=None)
    return Decision(situation.attempt, (ClearDeadline(), WriteChange(change)))


def _stream_replaced(situation: Situation) -> Decision:
    """Another client took over. Try once after half a minute, in case it was an old one of ours;
    do not fight a client that comes back."""
    last = situation.attempt.replaced_at
    again = last is not None and situation.clock - last < REPLACED_MEMORY_SECONDS
    situation = situation.remember(replaced_at=situation.clock)
    if again:
        return routines.rest(situation, Event.STREAM_REPLACED, WHATSAPP)
    return routines.retry_later(situation, REPLACED_RETRY, Event.STREAM_REPLACED, WHATSAPP)


# Refusals


def _logged_out(situation: Situation, event: engine.LoggedOut) -> Decision:
    if situation.attempt.unlinking:
        return routines.finish_unlink(situation, confirmed=True)
    if situation.attempt.other_number:
        return routines.refuse_other_number(situation, confirmed=True)
    lifecycle_event = _LOGGED_OUT.get(event.detail, Event.LOGGED_OUT)
    cause = "The link was removed on the phone"
    return routines.end_link(situation, lifecycle_event, WHATSAPP, "", cause=cause)


def _temporary_ban(situation: Situation, event: engine.TemporaryBan) -> Decision:
    """Wait until the ban ends, longer each time: a login during a ban can make it permanent."""
    earlier = backoff.recent_bans(situation.attempt.banned_at, situation.now)
    delay = backoff.ban_delay(event.seconds, len(earlier)) + TEMP_BAN_MARGIN
    situation = situation.remember(banned_at=(*earlier, situation.now))
    detail = f"code {event.detail}"
    return routines.retry_later(situation, delay, Event.TEMP_BAN, WHATSAPP, detail)


def _client_outdated(situation: Situation) -> Decision:
    if not situation.linked:
        return routines.rest(situation, Event.CLIENT_OUTDATED, WHATSAPP)
    tries = situation.attempt.outdated
    situation = situation.remember(outdated=tries + 1)
    delay = backoff.outdated_delay(tries)
    return routines.retry_later(situation, delay, Event.CLIENT_OUTDATED, WHATSAPP)


def _connect_failure(situation: Situation, event: engine.ConnectFailure) -> Decision:
    tries, detail = situation.attempt.refusals, f"code {event.detail}"
    delay = backoff.refusal_delay(tries) if situation.linked else None
    if delay is None:
        return routines.rest(situation, Event.CONNECT_REFUSED, WHATSAPP, detail)
    situation = situation.remember(refusals=tries + 1)
    return routines.retry_later(situation, delay, Event.CONNECT_REFUSED, WHATSAPP, detail)


def _start_failed(situation: Situation, event: engine.StartFailed) -> Decision:
    decision = _failed_start(situation, event)
    return Decision(decision.attempt, (MarkAnswered(), *decision.effects))


def _failed_start(situation: Situation, event: engine.StartFailed) -> Decision:
    failure = _START_FAILURES.get(event.code, Event.CONNECT_FAILED)
    if situation.attempt.unlinking:
        return routines.finish_unlink(situation, confirmed=failure is Event.KEYS_MISSING)
    if failure in (Event.KEYS_MISSING, Event.KEYS_DAMAGED):
        return routines.rest(situation, failure, detail=event.detail, device=None)
    if failure is Event.PROXY_FAILED:
        return routines.proxy_failed(situation, event.detail)
    if failure is Event.CONNECT_FAILED:
        detail = "" if event.code is StartFailure.DIAL else event.detail
        return routines.no_connection(situation, detail)
    return routines.fault(situation, failure, event.detail)
