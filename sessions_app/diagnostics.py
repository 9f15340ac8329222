"""Looks at everything that has to be right, and says what is not. Survives whatever is broken:
a look that fails is itself a finding.
"""

from __future__ import annotations

import asyncio
import time
import tomllib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.conf import settings
from django.core.checks import ERROR, WARNING, run_checks
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from sessions_app import findings, next_steps
from sessions_app.engine.launch import SimulatorUnusable
from sessions_app.engine.protocol import Kind
from sessions_app.findings import Finding, GatewayFacts, Level
from sessions_app.gateway.engine_process import EngineUnavailable, launch_engine
from sessions_app.gateway.plan import ATTEMPT_BUDGET
from sessions_app.gateway_settings import gateway_settings
from sessions_app.key_files import key_files, store_state
from sessions_app.leftover_rows import session_facts
from sessions_app.lifecycle import Status
from sessions_app.models import Gateway
from sessions_app.soundings import (
    Fault,
    Port,
    Unreachable,
    free_bytes,
    port_state,
    reach,
    route_to_whatsapp,
    try_to_write,
)

DEFAULT_PORT = 8000
DATABASE_SECONDS = 5
REACH_SECONDS = 5.0
LAYER_SECONDS = 3.0

Look = Callable[[], list[Finding]]


def run(port: int = DEFAULT_PORT) -> list[Finding]:
    """Everything, in the order in which faults hide each other. Takes a few seconds at most;
    never raises. ``port``: where the site is, or is to be, served."""
    database = _guarded("database", _database)
    found = [*database]
    if all(finding.level is not Level.PROBLEM for finding in database):
        for name, look in _IN_THE_DATABASE:
            found += _guarded(name, look)
    else:
        names = ", ".join(name for name, _ in _IN_THE_DATABASE)
        found.append(Finding("not looked at", Level.NOTE, f"{names}: the database comes first"))
    for name, look in _ON_THE_MACHINE:
        found += _guarded(name, look)
    return found + _guarded("port", partial(_port, port))


def _guarded(name: str, look: Look) -> list[Finding]:
    try:
        return look()
    except Exception as error:  # whatever it is, the other looks go on
        text = f"cannot be looked at: {type(error).__name__}: {_first_line(error)}"
        return [Finding(name, Level.PROBLEM, text, "Mend that first, then run this again.")]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["it says nothing more"])[0][:160]


# --- in the database --------------------------------------------------------------------------


def _database() -> list[Finding]:
    """Whether it answers and has its tables."""
    began = time.monotonic()
    try:
        if connection.vendor == "postgresql":
            _dial_postgres()
        connection.ensure_connection()
    except Exception as error:  # psycopg's or Django's
        text = f"does not answer: {_first_line(error)}"
        return [Finding("database", Level.PROBLEM, text, "Start it, or correct DATABASE_URL.")]
    plan = MigrationExecutor(connection)
    missing = plan.migration_plan(plan.loader.graph.leaf_nodes())
    seconds = time.monotonic() - began
    if missing:
        first = ", ".join(str(migration) for migration, _ in missing[:2])
        text = f"{len(missing)} migrations are not applied, first {first}"
        return [Finding("database", Level.PROBLEM, text, "manage.py migrate")]
    return [
        Finding("database", Level.OK, f"{connection.display_name} answers in {seconds:.2f} s"),
        *_database_clock(),
    ]


def _dial_postgres() -> None:
    """One try past Django's pool, which tries for half a minute. Raises psycopg.Error."""
    import psycopg  # only installations with PostgreSQL pay for its driver

    parameters = {**connection.get_connection_params(), "connect_timeout": DATABASE_SECONDS}
    psycopg.connect(**parameters).close()


def _database_clock() -> list[Finding]:
    """Leases go by the database's clock, codes by ours: they have to agree."""
    if connection.vendor == "sqlite":  # it has no clock of its own
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        theirs = cursor.fetchone()[0]
    ahead = (timezone.now() - theirs).total_seconds()
    return [findings.of_clock(ahead, "the database")]


def _sessions() -> list[Finding]:
    patience = ATTEMPT_BUDGET + 2 * timedelta(seconds=settings.GATEWAY_STUCK_SECONDS)
    served = any(gateway.age <= findings.ALIVE_SECONDS for gateway in _gateway_facts())
    facts = session_facts().values()
    return findings.of_sessions(facts, timezone.now(), patience, served=served)


def _keys() -> list[Finding]:
    """The files of the sessions, or with WHATSAPP_AUTH_STORE in a database only journals."""
    settings = gateway_settings()
    files, sessions = key_files(settings.keys_dir), session_facts()
    found = findings.of_key_stores(files, settings.keys_dir)
    if settings.auth_store == "files":
        states = {
            session.id: store_state(
                Path(settings.store_of(str(session.id))),
                busy=session.leased and session.status is Status.READY,
            )
            for session in sessions.values()
            if session.linked
        }
        found += findings.of_linked_keys(states)
    return found + findings.of_orphans(files, sessions, timezone.now())


def _gateways() -> list[Finding]:
    waiting = sum(one.pending and not one.leased for one in session_facts().values())
    gateways = _gateway_facts()
    found = findings.of_gateways(gateways, waiting)
    alive = [gateway for gateway in gateways if gateway.age <= findings.ALIVE_SECONDS]
    if len(alive) > 1 and isinstance(get_channel_layer(), InMemoryChannelLayer):
        found.append(
            Finding(
                "gateway",
                Level.NOTE,
                f"{len(alive)} are alive, but hints do not cross processes",
                "Set REDIS_URL: pages then follow at once instead of within seconds.",
            )
        )
    return found


def _gateway_facts() -> list[GatewayFacts]:
    now = timezone.now()
    rows = Gateway.objects.filter(stopped_at__isnull=True).order_by("-heartbeat_at")
    return [_gateway(row, now) for row in rows]


def _gateway(row: Gateway, now: datetime) -> GatewayFacts:
    age = max(0.0, (now - row.heartbeat_at).total_seconds())
    return GatewayFacts(f"{row.host}, process {row.pid}", age, row.engines, row.trouble)


# --- on the machine ---------------------------------------------------------------------------


def _neonize() -> list[Finding]:
    """Load it as a gateway does, in an engine, so that it never gets into this process."""

    async def start_and_end() -> str:
        engine = await launch_engine(Kind.RUNNING, gateway_settings())
        await engine.shutdown()
        return engine.neonize

    began = time.monotonic()
    try:
        version = asyncio.run(start_and_end())
    except EngineUnavailable as error:
        step = next_steps.LIBRARY
        if isinstance(error.__cause__, SimulatorUnusable):
            step = next_steps.SIMULATOR
        return [Finding("neonize", Level.PROBLEM, str(error), step)]
    return [findings.of_library(version, _pinned("neonize"), time.monotonic() - began)]


def _pinned(package: str) -> str:
    """The version that the project asks for, "" where its pyproject.toml is not at hand."""
    try:
        project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())
    except (OSError, ValueError):
        return ""
    wanted: Sequence[str] = project["project"]["dependencies"]
    return next((w.partition("==")[2] for w in wanted if w.startswith(f"{package}==")), "")


def _whatsapp() -> list[Finding]:
    simulator = settings.WHATSAPP_SIMULATOR
    name = "a simulated WhatsApp" if simulator else "WhatsApp"
    try:
        reached = reach(route_to_whatsapp(simulator), REACH_SECONDS)
    except SimulatorUnusable as error:
        return [Finding("WhatsApp", Level.PROBLEM, str(error), next_steps.SIMULATOR)]
    except Unreachable as error:
        network = next_steps.SIMULATOR if simulator else next_steps.NETWORK
        step = next_steps.CLOCK if error.fault is Fault.CLOCK else network
        text = f"{name} cannot be reached: {error}"
        return [Finding("WhatsApp", Level.PROBLEM, text, step)]
    found = [Finding("WhatsApp", Level.OK, f"{name} answers in {reached.seconds:.2f} s")]
    return found if reached.ahead is None else [*found, findings.of_clock(reached.ahead, name)]


def _data_folder() -> list[Finding]:
    settings = gateway_settings()
    folders = [settings.data_dir]
    if settings.keys_dir.exists():
        folders.append(settings.keys_dir)
    for folder in folders:
        try:
            try_to_write(folder)
        except OSError as error:
            text = f"{folder} cannot be written to ({error.strerror})"
            return [Finding("data folder", Level.PROBLEM, text, next_steps.writable(folder))]
    return [Finding("data folder", Level.OK, f"{settings.data_dir} can be written to")]


def _disk() -> list[Finding]:
    folder = settings.DATA_DIR
    present = next(path for path in (folder, *folder.parents) if path.exists())
    return [findings.of_disk(free_bytes(present), folder)]


def _layer() -> list[Finding]:
    layer = get_channel_layer()
    if layer is None or isinstance(layer, InMemoryChannelLayer):
        return [Finding("hints", Level.OK, "in memory: for one process that does everything")]
    try:
        seconds = async_to_sync(_round_trip)(layer)
    except Exception as error:  # the layer's client may raise anything when its server is away
        text = f"the channel layer does not answer ({type(error).__name__})"
        return [Finding("hints", Level.PROBLEM, text, "Start Redis, or correct REDIS_URL.")]
    return [Finding("hints", Level.OK, f"the channel layer answers in {seconds * 1000:.0f} ms")]


async def _round_trip(layer: Any) -> float:
    began = time.monotonic()
    async with asyncio.timeout(LAYER_SECONDS):
        channel = await layer.new_channel()
        await layer.send(channel, {"type": "test.message"})
        await layer.receive(channel)
    return time.monotonic() - began


def _settings() -> list[Finding]:
    """What Django's and our own system checks say."""
    found = [
        Finding(
            "settings",
            Level.PROBLEM if message.level >= ERROR else Level.NOTE,
            f"{message.msg} ({message.id})",
            str(message.hint or ""),
        )
        for message in run_checks()
        if message.level >= WARNING
    ]
    return found or [Finding("settings", Level.OK, "no complaints")]


def _port(port: int) -> list[Finding]:
    texts = {
        Port.FREE: (Level.OK, f"{port} is free", ""),
        Port.OURS: (Level.OK, f"{port} is served by Pairline", ""),
        Port.TAKEN: (
            Level.PROBLEM,
            f"{port} is used by another program",
            "Stop it, or serve on another port: manage.py serve --port 8001",
        ),
        Port.FORBIDDEN: (
            Level.PROBLEM,
            f"{port} may not be used by this user",
            "Serve on a port from 1024 on, behind a web server.",
        ),
    }
    level, text, step = texts[port_state(port)]
    return [Finding("port", level, text, step)]


_IN_THE_DATABASE: Sequence[tuple[str, Look]] = (
    ("sessions", _sessions),
    ("key stores", _keys),
    ("gateway", _gateways),
)
_ON_THE_MACHINE: Sequence[tuple[str, Look]] = (
    ("neonize", _neonize),
    ("WhatsApp", _whatsapp),
    ("data folder", _data_folder),
    ("disk", _disk),
    ("hints", _layer),
    ("settings", _settings),
)
