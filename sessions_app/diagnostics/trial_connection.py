"""A temporary connection, to check that WhatsApp sends this machine a QR code.

It uses the same engine, key folder and network as a session, but touches no row and leaves no
files.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sessions_app.cleanup.key_files import trial_name
from sessions_app.diagnostics import advice
from sessions_app.diagnostics.report import plain
from sessions_app.engine.engine_events import (
    ClientOutdated,
    ConnectFailure,
    QrShown,
    StartFailed,
)
from sessions_app.engine.launch import SimulatorUnusable, simulator_state
from sessions_app.engine.protocol import EngineKind, StartFailure
from sessions_app.gateway.decisions.actor_events import ClientEvent, EngineEnded
from sessions_app.gateway.engine_process import (
    CommandRefused,
    EngineProcess,
    EngineUnavailable,
    launch_engine,
)
from sessions_app.gateway.remote_client import RemoteClient
from sessions_app.gateway.session_keys import prepare_keys_dir
from sessions_app.gateway.settings import GatewaySettings

SECONDS = 10.0


@dataclass(frozen=True)
class Success:
    """A QR code arrived. ``text`` is a credential: it may be drawn, but never printed."""

    text: str = field(repr=False)
    library_seconds: float  # to start an engine
    answer_seconds: float  # from then until the code arrived

    @property
    def characters(self) -> int:
        return len(self.text)


@dataclass(frozen=True)
class Failure:
    """No QR code arrived: the cause, and the next step."""

    cause: str
    next_step: str


async def try_qr(settings: GatewaySettings, seconds: float = SECONDS) -> Success | Failure:
    """Request a QR code from WhatsApp, for ``seconds`` at most. Cleans up, also if cancelled."""
    name = trial_name(secrets.token_hex(6))
    try:
        if settings.simulator:
            simulator_state(settings.simulator)
        prepare_keys_dir(settings)
        return await _try(name, settings, seconds)
    except SimulatorUnusable as error:
        return Failure(str(error), advice.SIMULATOR)
    except OSError as error:
        return _unusable(settings, error)
    finally:
        _remove(name, settings)


async def _try(name: str, settings: GatewaySettings, seconds: float) -> Success | Failure:
    give_up_at = time.monotonic() + seconds
    began = time.monotonic()
    try:
        engine = await asyncio.wait_for(launch_engine(EngineKind.LINKING, settings), seconds)
    except EngineUnavailable as error:
        return Failure(f"The WhatsApp library cannot be used: {error}", advice.LIBRARY)
    except TimeoutError:
        return Failure(f"The WhatsApp library did not start in {seconds:g} s.", advice.LOOK)
    launched = time.monotonic()
    try:
        async with asyncio.timeout(max(0.0, give_up_at - launched)):
            event = await _first_event(engine, name, settings)
    except TimeoutError:
        return Failure(f"WhatsApp sent no code in {seconds:g} s.", _network(settings))
    except CommandRefused as refused:
        return Failure(f"The engine refused to start: {refused}", advice.LOOK)
    finally:
        engine.kill()  # a graceful end may take seconds, and there is nothing to save
        await engine.ended.wait()
    if not isinstance(event, QrShown):
        return failure(event, settings)
    return Success(event.text, launched - began, time.monotonic() - launched)


async def _first_event(engine: EngineProcess, name: str, settings: GatewaySettings) -> ClientEvent:
    """Return the first event of a new pairing: a code, or why there is none."""
    inbox: asyncio.Queue[ClientEvent] = asyncio.Queue()
    link = RemoteClient(engine, lambda run, event: inbox.put_nowait(event), lambda: None)
    await link.start(name, "", settings)
    return await inbox.get()


def failure(event: ClientEvent, settings: GatewaySettings) -> Failure:
    """Explain to an operator why an engine's first ``event`` is not a code."""
    match event:
        case StartFailed(code, detail):
            return Failure(detail or "The connection failed.", _step(code, settings))
        case ClientOutdated():
            return Failure("WhatsApp no longer accepts this version.", advice.UPDATE)
        case ConnectFailure(detail):
            return Failure(f"WhatsApp refused the connection (code {detail}).", _network(settings))
        case EngineEnded():
            return Failure("The WhatsApp library ended unexpectedly.", advice.LOOK)
    return Failure("WhatsApp closed the connection before it sent a code.", _network(settings))


def _step(code: StartFailure, settings: GatewaySettings) -> str:
    folder = settings.keys_dir
    steps: Mapping[StartFailure, str] = {
        StartFailure.DIAL: _network(settings),
        StartFailure.CLOCK: advice.CLOCK,
        StartFailure.STORAGE_FULL: advice.free_space(folder),
        StartFailure.KEYS_DAMAGED: advice.writable(folder),
    }
    return steps.get(code, advice.LOOK)


def _network(settings: GatewaySettings) -> str:
    return advice.SIMULATOR if settings.simulator else advice.NETWORK


def _unusable(settings: GatewaySettings, error: OSError) -> Failure:
    folder = settings.keys_dir
    return Failure(
        f"The folder {folder} cannot be used ({error.strerror}).", advice.writable(folder)
    )


def _remove(name: str, settings: GatewaySettings) -> None:
    for path in settings.keys_dir.glob(f"{name}.*") if settings.keys_dir.is_dir() else ():
        path.unlink(missing_ok=True)


Paint = Callable[[str], str]


def lines(outcome: Success | Failure, good: Paint = plain, bad: Paint = plain) -> list[str]:
    """Return the result in lines: how fast the code arrived, or the cause and the next step. They
    never contain the code."""
    if isinstance(outcome, Failure):
        return [f"{bad('FAILED')}  {outcome.cause}", f"        {outcome.next_step}"]
    library, answer = outcome.library_seconds, outcome.answer_seconds
    return [
        f"{good('SUCCESS')}  QR code of {outcome.characters} characters in "
        f"{library + answer:.2f} s ({library:.2f} s to start the library, {answer:.2f} s for "
        "WhatsApp's answer)"
    ]
