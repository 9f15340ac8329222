"""What each engine event leads to, after the measured mapping of whatsmeow's events.

Each function takes the session in hand and the event's message; ``REACTIONS`` is the table.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from sessions_app.engine.protocol import EngineEvent, EngineKind, StartFailure
from sessions_app.gateway import event_mapping
from sessions_app.gateway.engine_process import CommandRefused, CommandTimeout, EngineGone
from sessions_app.gateway.event_mapping import WHATSAPP
from sessions_app.gateway.ports import NumberTaken
from sessions_app.gateway.reconcile import ATTEMPT_BUDGET
from sessions_app.gateway.session_work import SessionWork
from sessions_app.lifecycle import Event, Status

logger = logging.getLogger(__name__)

PAIRING_PATIENCE = 2  # times the stuck limit: scanned, but not finished; then with the keys
PROXIED_DROP_SECONDS = 10.0  # it may be the proxy, and then its customer has to know
DROPPED_SECONDS = 180.0  # whatsmeow reconnects by itself; then we rebuild the client
KEEPALIVE_SECONDS = 140.0  # after the third silence; whatsmeow itself gives up before that
QR_GRACE_SECONDS = 15.0  # after the last code's expiry, WhatsApp should have said so
QR_EARLY = timedelta(seconds=5)  # a timeout so long before the expiry is a dropped connection
REPLACED_RETRY = timedelta(seconds=30)
REPLACED_MEMORY_SECONDS = 600.0
ENGINE_LOSS_WINDOW_SECONDS = 60.0
ENGINE_LOSSES_UNTIL_BACKOFF = 3


async def on_qr(work: SessionWork, message: dict[str, Any]) -> None:
    change = event_mapping.qr_change(message, work.pairing_code)
    logger.info("QR code generated for session", extra={**work.facts(), "code": change.detail})
    if work.link is not None:
        work.link.answered()
    work.outage_since = None
    await work.apply_change(change)
    work.qr_expires_at = expires_at = change.columns["qr_expires_at"]
    seconds = (expires_at - work.kit.now()).total_seconds() + QR_GRACE_SECONDS
    work.deadline.set(seconds, "qr_silent")
    await serve_pairing_code(work)


async def serve_pairing_code(work: SessionWork) -> None:
    """Ask WhatsApp for the code that the customer wants to type, once for each wish."""
    state = work.state
    if state.status is not Status.QR or work.link is None or not state.wanted_pairing_phone:
        return
    if work.pairing_served_at == state.wanted_at:
        return
    work.pairing_served_at = state.wanted_at
    try:
        work.pairing_code = await work.link.pair_code(state.wanted_pairing_phone)
    except CommandRefused as refused:
        await work.apply(Event.QR_CODE, pairing_error=str(refused)[:120], pairing_code="")
    except (EngineGone, CommandTimeout):
        await work.apply(Event.QR_CODE, pairing_error="WhatsApp did not answer. Try again.")
    else:
        await work.apply(Event.PAIR_CODE, pairing_code=work.pairing_code, pairing_error="")


async def on_qr_timeout(work: SessionWork, message: dict[str, Any]) -> None:
    early = work.qr_expires_at is None or work.kit.now() < work.qr_expires_at - QR_EARLY
    if early and not work.restarted:
        work.restarted = True
        await work.pair(detail="WhatsApp closed the connection; started again")
    else:
        await work.rest(Event.QR_EXPIRED, WHATSAPP)


async def on_pair_success(work: SessionWork, message: dict[str, Any]) -> None:
    identity = event_mapping.identity(message)
    try:
        await work.apply(Event.PAIR_SUCCESS, WHATSAPP, **identity, phone_seen_at=work.kit.now())
    except NumberTaken:
        work.number_taken = True
        await work.apply(Event.PAIR_SUCCESS, WHATSAPP)
    work.deadline.set(PAIRING_PATIENCE * work.kit.settings.stuck_seconds, "pairing")


async def on_pair_error(work: SessionWork, message: dict[str, Any]) -> None:
    await work.rest(Event.PAIR_ERROR, WHATSAPP, str(message.get("detail", "")))


async def on_connected(work: SessionWork, message: dict[str, Any]) -> None:
    link = work.link
    if link is None:
        return
    link.answered()
    link.connected = True
    work.deadline.clear()
    if work.unlinking:
        await work.finish_unlink(told=await link.logout())
        return
    try:
        if not work.number_taken:
            identity = event_mapping.identity(message)
            now = work.kit.now()
            await work.apply(
                Event.CONNECTED, WHATSAPP, **identity, next_retry_at=None, last_proof_at=now
            )
    except NumberTaken:
        work.number_taken = True
    if work.number_taken:
        await refuse_second_link(work)
        return
    if work.moving:
        logger.info("Session moved to another engine", extra=work.facts())
    work.begin_attempt()
    if link.kind is EngineKind.LINKING:
        await work.move()
    if work.link is link:  # it did not move: it can work from here
        await work.texts.begin(link)


async def refuse_second_link(work: SessionWork) -> None:
    """The account has this number at another location: undo the new device at WhatsApp."""
    if work.link is not None:
        await work.link.logout()
    await work.forget_keys()
    await work.rest(Event.NUMBER_TAKEN, jid="")


async def on_keepalive_restored(work: SessionWork, message: dict[str, Any]) -> None:
    work.deadline.clear()
    await work.apply(Event.CONNECTED, WHATSAPP, next_retry_at=None)


async def on_disconnected(work: SessionWork, message: dict[str, Any]) -> None:
    if work.link is not None:
        work.link.connected = False
    work.outage_since = work.outage_since or asyncio.get_running_loop().time()
    await work.apply(Event.DROPPED, WHATSAPP)
    if work.deadline.remaining() is None:
        if work.link is not None and work.link.proxied:
            work.deadline.set(PROXIED_DROP_SECONDS, "try_proxy")
        else:
            work.deadline.set(DROPPED_SECONDS, "dropped")


async def on_keepalive_timeout(work: SessionWork, message: dict[str, Any]) -> None:
    event = event_mapping.keepalive(message)
    await work.apply(event, WHATSAPP)
    if event is Event.KEEPALIVE_LOST and work.deadline.remaining() is None:
        work.deadline.set(KEEPALIVE_SECONDS, "dropped")


async def on_stream_error(work: SessionWork, message: dict[str, Any]) -> None:
    logger.warning(
        "WhatsApp sent a stream error", extra={**work.facts(), "code": message.get("detail")}
    )


async def on_stream_replaced(work: SessionWork, message: dict[str, Any]) -> None:
    """Never fight: one try after half a minute if the lease is still ours, then the customer."""
    now = asyncio.get_running_loop().time()
    again = work.replaced_at is not None and now - work.replaced_at < REPLACED_MEMORY_SECONDS
    work.replaced_at = now
    if again:
        await work.rest(Event.STREAM_REPLACED, WHATSAPP)
    else:
        await work.retry_later(REPLACED_RETRY, Event.STREAM_REPLACED, WHATSAPP)


async def on_logged_out(work: SessionWork, message: dict[str, Any]) -> None:
    if work.unlinking:
        await work.finish_unlink(told=True)
        return
    event = event_mapping.logged_out(message)
    await work.end_link(event, WHATSAPP, "", "The link was removed on the phone")


async def on_temp_ban(work: SessionWork, message: dict[str, Any]) -> None:
    change = event_mapping.temp_ban(message, work.kit.now())
    delay = change.columns["next_retry_at"] - work.kit.now()
    await work.retry_later(delay, change.event, change.actor, change.detail)


async def on_client_outdated(work: SessionWork, message: dict[str, Any]) -> None:
    if work.state.jid:
        await work.retry_later(next(work.outdated), Event.CLIENT_OUTDATED, WHATSAPP)
    else:
        await work.rest(Event.CLIENT_OUTDATED, WHATSAPP)


async def on_connect_refused(work: SessionWork, message: dict[str, Any]) -> None:
    detail = f"code {message.get('detail', '')}"
    delay = next(work.refusals, None) if work.state.jid else None
    if delay is None:
        await work.rest(Event.CONNECT_REFUSED, WHATSAPP, detail)
    else:
        await work.retry_later(delay, Event.CONNECT_REFUSED, WHATSAPP, detail)


async def on_start_failed(work: SessionWork, message: dict[str, Any]) -> None:
    event, detail = event_mapping.start_failure(message), str(message.get("detail", ""))
    if work.link is not None:
        work.link.answered()
    if work.unlinking:
        await work.finish_unlink(told=event is Event.KEYS_MISSING)
    elif event in (Event.KEYS_MISSING, Event.KEYS_DAMAGED):
        await work.rest(event, detail=detail, jid="")
    elif event is Event.PROXY_FAILED:
        await work.proxy_failed(detail)
    elif event is Event.CONNECT_FAILED:
        await work.no_way("" if message.get("code") == StartFailure.DIAL else detail)
    else:
        await work.fault(event, detail)


async def on_message(work: SessionWork, message: dict[str, Any]) -> None:
    """Written first; the engine forgets it only afterwards."""
    incoming, key = event_mapping.incoming(message), str(message["key"])
    await work.lasting(lambda: work.kit.sink.store_message(work.state.id, incoming))
    if work.link is not None:
        work.link.stored([key])


async def on_receipt(work: SessionWork, message: dict[str, Any]) -> None:
    receipt, key = event_mapping.receipt(message), str(message["key"])
    await work.lasting(lambda: work.kit.sink.store_receipt(work.state.id, receipt))
    if work.link is not None:
        work.link.stored([key])


async def on_engine_gone(work: SessionWork) -> None:
    """The engine has ended (crash, kill, missed heartbeats): back at once in another one,
    with backoff only when that happens again and again."""
    if work.unlinking:
        await work.finish_unlink(told=False)
        return
    await work.apply(Event.ENGINE_LOST)
    now = asyncio.get_running_loop().time()
    work.engine_losses = [t for t in work.engine_losses if now - t < ENGINE_LOSS_WINDOW_SECONDS]
    work.engine_losses.append(now)
    if len(work.engine_losses) > ENGINE_LOSSES_UNTIL_BACKOFF:
        await work.unreachable("the connection process ended again and again")
    elif work.state.jid:
        await work.reconnect(None)
    elif work.kit.now() - work.state.wanted_at < ATTEMPT_BUDGET:
        await work.pair(detail="the connection process ended; started again")
    else:
        await work.rest(Event.QR_EXPIRED)


REACTIONS: Mapping[str, Callable[[SessionWork, dict[str, Any]], Awaitable[None]]] = {
    EngineEvent.QR: on_qr,
    EngineEvent.QR_TIMEOUT: on_qr_timeout,
    EngineEvent.PAIR_SUCCESS: on_pair_success,
    EngineEvent.PAIR_ERROR: on_pair_error,
    EngineEvent.CONNECTED: on_connected,
    EngineEvent.KEEPALIVE_RESTORED: on_keepalive_restored,
    EngineEvent.DISCONNECTED: on_disconnected,
    EngineEvent.KEEPALIVE_TIMEOUT: on_keepalive_timeout,
    EngineEvent.STREAM_ERROR: on_stream_error,
    EngineEvent.STREAM_REPLACED: on_stream_replaced,
    EngineEvent.LOGGED_OUT: on_logged_out,
    EngineEvent.TEMP_BAN: on_temp_ban,
    EngineEvent.CLIENT_OUTDATED: on_client_outdated,
    EngineEvent.CONNECT_FAILURE: on_connect_refused,
    EngineEvent.START_FAILED: on_start_failed,
    EngineEvent.MESSAGE: on_message,
    EngineEvent.RECEIPT: on_receipt,
}
