"""The sequences of effects that several rules share, such as pairing, retrying and ending."""

from __future__ import annotations

from datetime import timedelta

from sessions_app.engine.protocol import EngineKind
from sessions_app.gateway.decisions import backoff
from sessions_app.gateway.decisions.actor_events import DeadlinePurpose
from sessions_app.gateway.decisions.attempt import Situation
from sessions_app.gateway.decisions.effects import (
    Decision,
    DeleteKeys,
    DropClient,
    FailWaitingTexts,
    Finish,
    LogOut,
    SetDeadline,
    StartClient,
    WriteChange,
)
from sessions_app.gateway.ports import UNCHANGED, Change, Unchanged
from sessions_app.lifecycle import Event, Status

WHATSAPP = "WhatsApp"  # the actor of changes that WhatsApp causes
CONNECT_PATIENCE = timedelta(seconds=45)
UNLINK_PATIENCE = timedelta(seconds=20)
UNREACHABLE_AFTER_SECONDS = 240.0


# Connecting


def pair(situation: Situation, detail: str = "") -> Decision:
    """Show a new QR code."""
    session = situation.session
    change = Change(
        Event.START,
        session.wanted_by or "gateway",
        detail,
        attempt=session.wanted_attempt,
        retry_at=None,
    )
    blank = situation.remember(
        pairing_code="",
        pairing_served_at=None,
        qr_expires_at=None,
        number_taken=False,
        other_number="",
    )
    return Decision(blank.attempt, (WriteChange(change), _start_pairing(situation)))


def reconnect(
    situation: Situation, event: Event | None = Event.RECONNECT, detail: str = ""
) -> Decision:
    """Connect with the stored keys. With ``event`` None the row keeps its status."""
    start = StartClient(EngineKind.RUNNING, CONNECT_PATIENCE, DeadlinePurpose.CONNECT)
    if event is None:
        return Decision(situation.attempt, (start,))
    attempt = situation.session.wanted_attempt
    change = Change(event, detail=detail, attempt=attempt, retry_at=None)
    return Decision(situation.attempt, (WriteChange(change), start))


def retry(situation: Situation) -> Decision:
    """Try again after a wait. The row keeps its reason until there is news."""
    down = situation.session.status is Status.DISCONNECTED
    if not situation.linked:
        if down:
            return pair(situation)
        return Decision(situation.attempt, (_start_pairing(situation),))
    in_outage = situation.attempt.outage_since is not None
    return reconnect(situation, Event.RECONNECT if down and not in_outage else None)


def _start_pairing(situation: Situation) -> StartClient:
    patience = timedelta(seconds=situation.stuck_seconds)
    return StartClient(EngineKind.LINKING, patience, DeadlinePurpose.QR)


# Waiting


def retry_later(
    situation: Situation,
    delay: timedelta,
    event: Event,
    actor: str = "gateway",
    detail: str = "",
) -> Decision:
    """Drop the client and try again after ``delay``, which the page shows."""
    change = Change(event, actor, detail, retry_at=situation.now + delay)
    wait = SetDeadline(delay, DeadlinePurpose.RETRY)
    return Decision(situation.attempt, (DropClient(), WriteChange(change), wait))


def fault(situation: Situation, event: Event, detail: str) -> Decision:
    """Handle a fault on our side: a linked session tries again, an attempt to link ends."""
    if situation.linked:
        tries = situation.attempt.faults
        situation = situation.remember(faults=tries + 1)
        return retry_later(situation, backoff.fault_delay(tries), event, detail=detail)
    return rest(situation, event, detail=detail)


def no_connection(situation: Situation, detail: str = "") -> Decision:
    """Handle a client that cannot connect, or that has been disconnected for too long."""
    if situation.client is not None and situation.client.proxied:
        return proxy_failed(situation, detail)
    return unreachable(situation, detail)


def unreachable(situation: Situation, detail: str = "") -> Decision:
    """Try again with backoff. A linked session becomes disconnected when the outage lasts; an
    attempt to link ends."""
    situation, lasted = _in_outage(situation)
    if situation.linked:
        lasting = lasted > UNREACHABLE_AFTER_SECONDS
        event = Event.UNREACHABLE if lasting else Event.CONNECT_FAILED
    elif lasted > situation.stuck_seconds:
        return rest(situation, Event.UNREACHABLE, detail=detail)
    else:
        event = Event.CONNECT_FAILED
    situation, delay = _back_off(situation)
    return retry_later(situation, delay, event, detail=detail)


def proxy_failed(situation: Situation, detail: str) -> Decision:
    """Try again with backoff through the number's own proxy, never without it. An attempt to
    link ends when the outage lasts."""
    situation, lasted = _in_outage(situation)
    if not situation.linked and lasted > situation.stuck_seconds:
        return rest(situation, Event.PROXY_FAILED, detail=detail)
    situation, delay = _back_off(situation)
    return retry_later(situation, delay, Event.PROXY_FAILED, detail=detail)


def in_outage(situation: Situation) -> Situation:
    """Remember since when there has been no connection."""
    return _in_outage(situation)[0]


def _in_outage(situation: Situation) -> tuple[Situation, float]:
    since = situation.attempt.outage_since
    if since is None:
        since = situation.clock
    return situation.remember(outage_since=since), situation.clock - since


def _back_off(situation: Situation) -> tuple[Situation, timedelta]:
    attempt = situation.attempt
    if situation.linked:
        delay = backoff.reconnect_delay(attempt.reconnects, situation.jitter)
        return situation.remember(reconnects=attempt.reconnects + 1), delay
    delay = backoff.pairing_delay(attempt.pairings)
    return situation.remember(pairings=attempt.pairings + 1), delay


# Ending


def rest(
    situation: Situation,
    event: Event,
    actor: str = "gateway",
    detail: str = "",
    device: Unchanged | None = UNCHANGED,
) -> Decision:
    """Disconnect and wait for the customer. ``device`` None records that the device is gone."""
    change = Change(event, actor, detail, device=device, retry_at=None)
    return Decision(situation.attempt, (DropClient(), WriteChange(change), Finish()))


def unlink(situation: Situation) -> Decision:
    """Remove the device at WhatsApp, which needs a connection, and delete the keys."""
    if not situation.linked:
        return finish_unlink(situation, confirmed=True)
    attempt = situation.remember(unlinking=True).attempt
    if situation.client is not None and situation.client.connected:
        return Decision(attempt, (LogOut(),))
    start = StartClient(EngineKind.RUNNING, UNLINK_PATIENCE, DeadlinePurpose.UNLINK)
    return Decision(attempt, (start,))


def finish_unlink(situation: Situation, *, confirmed: bool) -> Decision:
    """Delete the keys and fail the waiting texts. ``confirmed``: WhatsApp has removed the
    device, so the customer need not remove it on the phone."""
    detail = "" if confirmed else "WhatsApp did not confirm it: remove the device on the phone, too"
    by = situation.session.wanted_by
    return end_link(situation, Event.UNLINKED, by, detail, cause="The number was unlinked")


def end_link(
    situation: Situation, event: Event, actor: str, detail: str, *, cause: str
) -> Decision:
    """End the link for good. ``cause`` begins the error of the waiting texts.

    The order matters: after the change is written no further text is queued, and only the holder
    of the lease gets as far as deleting the keys."""
    change = Change(event, actor, detail, device=None, retry_at=None)
    failure = FailWaitingTexts(str(event), f"{cause} before this text was sent.")
    effects = (DropClient(), WriteChange(change), failure, DeleteKeys(), Finish())
    return Decision(situation.attempt, effects)


def refuse_second_link(situation: Situation) -> Decision:
    """Forget the new device: the account has linked this number at another location."""
    change = Change(Event.NUMBER_TAKEN, device=None, retry_at=None)
    effects = (DropClient(), WriteChange(change), DeleteKeys(), Finish())
    return Decision(situation.attempt, effects)


def refuse_other_number(situation: Situation, *, confirmed: bool) -> Decision:
    """Forget the new device: the session belongs to another number. ``confirmed``: WhatsApp has
    removed the device, so the customer need not remove it on the phone."""
    scanned = f"Scanned with the number that ends in {situation.attempt.other_number[-4:]}"
    if not confirmed:
        scanned += ". Remove Pairline there under Linked devices, too"
    change = Change(Event.OTHER_NUMBER, WHATSAPP, scanned, device=None, retry_at=None)
    effects = (DropClient(), WriteChange(change), DeleteKeys(), Finish())
    return Decision(situation.attempt, effects)
