"""What follows from the row, from passed deadlines, and from the results of effects."""

from __future__ import annotations

from datetime import timedelta

from sessions_app.engine.engine_events import EngineEvent
from sessions_app.gateway.decisions import actor_events as happened
from sessions_app.gateway.decisions import backoff, routines
from sessions_app.gateway.decisions.actor_events import ActorEvent, DeadlinePurpose
from sessions_app.gateway.decisions.attempt import Situation
from sessions_app.gateway.decisions.effects import (
    ClearDeadline,
    Continue,
    Decision,
    DropClient,
    Finish,
    LogOut,
    MarkDisconnected,
    MoveClient,
    RequestPairingCode,
    RetireEngine,
    SetDeadline,
    StartSending,
    WriteChange,
)
from sessions_app.gateway.decisions.engine_rules import decide_engine_event, finish_refused
from sessions_app.gateway.decisions.routines import WHATSAPP
from sessions_app.gateway.ports import Change
from sessions_app.gateway.reconcile import ATTEMPT_BUDGET, NextStep, is_wish, next_step
from sessions_app.lifecycle import Event, Reason, Status

ENGINE_LOSS_WINDOW_SECONDS = 60.0
ENGINE_LOSSES_UNTIL_BACKOFF = 3
PAIRING_ERROR_CHARACTERS = 120


def decide(situation: Situation, event: ActorEvent) -> Decision:
    """Return what the actor is to do about ``event``."""
    match event:
        case EngineEvent():
            return decide_engine_event(situation, event)
        case happened.ActorStarted():
            return _follow_row(situation)
        case happened.RowRead():
            return _row_read(situation)
        case happened.DeadlinePassed(purpose):
            return _deadline_passed(situation, purpose)
        case happened.EngineEnded():
            return _engine_ended(situation)
        case happened.ReplacementDue():
            return _replace_engine(situation)
        case happened.MoveDue():
            return _move_due(situation)
        case happened.MoveFailed():
            return _move_failed(situation)
        case happened.ProbeFailed():
            return _replace_client(situation)
        case happened.SendStuck():
            detail = "WhatsApp did not confirm a text; connecting again"
            return _replace_client(situation, detail)
    return _decide_result(situation, event)


def _decide_result(situation: Situation, event: ActorEvent) -> Decision:
    match event:
        case happened.NumberAlreadyLinked(lifecycle_event):
            return _number_already_linked(situation, lifecycle_event)
        case happened.NoEngine(detail):
            return routines.fault(situation, Event.ENGINE_UNAVAILABLE, detail)
        case happened.NoProxy(detail):
            if situation.attempt.unlinking:
                return routines.finish_unlink(situation, confirmed=False)
            return routines.proxy_failed(situation, detail)
        case happened.LogoutFinished(confirmed):
            if situation.attempt.unlinking:
                return routines.finish_unlink(situation, confirmed=confirmed)
            if situation.attempt.other_number:
                return routines.refuse_other_number(situation, confirmed=confirmed)
            return routines.refuse_second_link(situation)
        case happened.PairingCodeDue():
            return _pairing_code_due(situation)
        case happened.PairingCodeReceived(code):
            change = Change(Event.PAIR_CODE, pairing_code=code, pairing_error=None)
            situation = situation.remember(pairing_code=code)
        case happened.PairingCodeRefused(sentence):
            error = sentence[:PAIRING_ERROR_CHARACTERS]
            change = Change(Event.QR_CODE, pairing_error=error, pairing_code=None)
        case happened.PairingCodeUnanswered():
            error = "WhatsApp did not answer. Try again."
            change = Change(Event.QR_CODE, pairing_error=error)
        case _:
            raise AssertionError(f"no rule for {type(event).__name__}")
    return Decision(situation.attempt, (WriteChange(change),))


# The row


def _follow_row(situation: Situation) -> Decision:
    """Take the next step that the row requires."""
    session = situation.session
    match next_step(session, situation.now):
        case NextStep.PAIR:
            return routines.pair(situation)
        case NextStep.RECONNECT:
            begun = session.attempt >= session.wanted_attempt
            return _log_in(situation, Event.RECONNECT if begun else Event.START)
        case NextStep.WAIT:
            return _wait(situation)
        case NextStep.EXPIRE:
            return _expire(situation)
        case NextStep.SUSPEND:
            return routines.rest(situation, Event.SUSPENDED)
        case NextStep.RESUME:
            return _log_in(situation, Event.RESUMED)
        case NextStep.STOP:
            return routines.rest(situation, Event.STOPPED, session.wanted_by)
        case NextStep.UNLINK:
            return routines.unlink(situation)
        case NextStep.REST:
            return Decision(situation.attempt, (Finish(),))


def _log_in(situation: Situation, event: Event) -> Decision:
    """Connect with the stored keys, unless WhatsApp has banned the number too often today."""
    allowed_at = backoff.login_allowed_at(situation.attempt.banned_at)
    if allowed_at is None or allowed_at <= situation.now:
        return routines.reconnect(situation, event)
    change = Change(
        Event.TEMP_BAN,
        detail="banned three times in a day",
        attempt=situation.session.wanted_attempt,
        retry_at=allowed_at,
    )
    wait = SetDeadline(allowed_at - situation.now, DeadlinePurpose.RETRY)
    return Decision(situation.attempt, (DropClient(), WriteChange(change), wait))


def _row_read(situation: Situation) -> Decision:
    session = situation.session
    if is_wish(session):
        return _follow_row(situation.with_new_attempt())
    if session.status is Status.DISCONNECTED and session.next_retry_at is None:
        return Decision(situation.attempt, (Finish(),))  # the operators' cleanup ended it
    return _pairing_code_due(situation)


def _wait(situation: Situation) -> Decision:
    due = situation.session.next_retry_at or situation.now
    delay = max(timedelta(), due - situation.now)
    return Decision(situation.attempt, (SetDeadline(delay, DeadlinePurpose.RETRY),))


def _expire(situation: Situation) -> Decision:
    decision = routines.rest(situation, Event.QR_EXPIRED)
    if situation.session.reason is not Reason.SUSPENDED_BILLING:
        return decision
    resumed = WriteChange(Change(Event.RESUMED))
    return Decision(decision.attempt, (resumed, *decision.effects))


def _pairing_code_due(situation: Situation) -> Decision:
    """Request the code that the customer wants to type, once for each wish."""
    session = situation.session
    if (
        session.status is not Status.QR
        or situation.client is None
        or not session.wanted_pairing_phone
        or situation.attempt.pairing_served_at == session.wanted_at
    ):
        return Decision(situation.attempt)
    request = RequestPairingCode(session.wanted_pairing_phone)
    return Decision(situation.remember(pairing_served_at=session.wanted_at).attempt, (request,))


def _number_already_linked(situation: Situation, event: Event) -> Decision:
    """Let a pairing finish, because only a connected client can be logged out."""
    situation = situation.remember(number_taken=True)
    if event is Event.PAIR_SUCCESS:
        return finish_refused(situation)
    return Decision(situation.attempt, (LogOut(),))


# Deadlines


def _deadline_passed(situation: Situation, purpose: DeadlinePurpose) -> Decision:
    match purpose:
        case DeadlinePurpose.RETRY:
            return routines.retry(situation)
        case DeadlinePurpose.QR:
            return _no_qr(situation)
        case DeadlinePurpose.QR_ROTATION:
            return routines.rest(situation, Event.QR_EXPIRED)
        case DeadlinePurpose.PAIRING:
            return _pairing_unfinished(situation)
        case DeadlinePurpose.PROXIED_RECONNECT:
            # The library would retry without a report; a start fails with a reason.
            return routines.reconnect(situation, None)
        case DeadlinePurpose.UNLINK:
            return routines.finish_unlink(situation, confirmed=False)
        case DeadlinePurpose.CONNECT | DeadlinePurpose.RECONNECT:
            return routines.no_connection(situation, "no answer in time")


def _no_qr(situation: Situation) -> Decision:
    """Try once more in a new engine, then stop."""
    if situation.attempt.restarted:
        decision = routines.rest(situation, Event.STUCK_NO_QR)
    else:
        detail = f"no code after {situation.stuck_seconds:g} s; started again"
        decision = routines.pair(situation.remember(restarted=True), detail)
    return Decision(decision.attempt, (RetireEngine(), *decision.effects))


def _pairing_unfinished(situation: Situation) -> Decision:
    """The phone accepted the device, but no login followed: connect again with the new keys."""
    if situation.refuses_link:
        return Decision(situation.attempt, (LogOut(),))
    detail = "connecting again with the new keys"
    return routines.reconnect(situation, Event.PAIR_SUCCESS, detail)


# The engine


def _engine_ended(situation: Situation) -> Decision:
    if situation.attempt.unlinking:
        return routines.finish_unlink(situation, confirmed=False)
    recent = tuple(
        at
        for at in situation.attempt.engine_losses
        if situation.clock - at < ENGINE_LOSS_WINDOW_SECONDS
    )
    attempt = situation.remember(engine_losses=(*recent, situation.clock)).attempt
    change = WriteChange(Change(Event.ENGINE_LOST))
    return Decision(attempt, (change, Continue(happened.ReplacementDue())))


def _replace_engine(situation: Situation) -> Decision:
    """Start in another engine at once, or with backoff if engines end again and again."""
    if len(situation.attempt.engine_losses) > ENGINE_LOSSES_UNTIL_BACKOFF:
        return routines.unreachable(situation, "the connection process ended again and again")
    if situation.linked:
        return routines.reconnect(situation, None)
    if situation.now - situation.session.wanted_at < ATTEMPT_BUDGET:
        return routines.pair(situation, "the connection process ended; started again")
    return routines.rest(situation, Event.QR_EXPIRED)


def _move_due(situation: Situation) -> Decision:
    client = situation.client
    if client is None or not client.connected or not client.should_move:
        return Decision(situation.attempt)
    move = MoveClient(routines.CONNECT_PATIENCE)
    return Decision(situation.remember(moving=True).attempt, (move,))


def _move_failed(situation: Situation) -> Decision:
    """Work from the present engine; the next heartbeat tries to move again."""
    return Decision(situation.remember(moving=False).attempt, (StartSending(),))


def _replace_client(situation: Situation, detail: str = "") -> Decision:
    """Connect with a new client: the present one only looks alive."""
    dropped = WriteChange(Change(Event.DROPPED, WHATSAPP, detail))
    decision = routines.reconnect(routines.in_outage(situation), None)
    effects = (MarkDisconnected(), dropped, ClearDeadline(), *decision.effects)
    return Decision(decision.attempt, effects)
