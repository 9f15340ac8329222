"""Health checks of the machine: library, network, disk, servers, settings."""

from __future__ import annotations

import asyncio
import errno
import time
from typing import Any

from asgiref.sync import async_to_sync
from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.conf import settings
from django.core.checks import ERROR, WARNING, run_checks

from core.data import aside_file
from core.health.findings import Finding
from core.health.severity import Severity
from sessions_app.cleanup.key_files import key_files
from sessions_app.diagnostics import advice, machine_rules, rules
from sessions_app.diagnostics.probes import (
    Port,
    ProbeFault,
    Unreachable,
    disk_space,
    port_state,
    reach,
    try_to_write,
)
from sessions_app.diagnostics.versions import NEWEST_TESTED_NEONIZE
from sessions_app.engine.launch import SimulatorUnusable
from sessions_app.engine.protocol import EngineKind
from sessions_app.gateway.engine_process import EngineUnavailable, launch_engine
from sessions_app.store.gateway_settings import gateway_settings
from sessions_app.store.whatsapp_route import route_to_whatsapp

REACH_SECONDS = 5.0
LAYER_SECONDS = 3.0


def neonize() -> list[Finding]:
    """Load the library as a gateway does, in an engine process and not in this one."""

    async def start_and_end() -> tuple[str, float]:
        began = time.monotonic()
        engine = await launch_engine(EngineKind.RUNNING, gateway_settings())
        seconds = time.monotonic() - began
        await engine.shutdown()
        return engine.neonize, seconds

    try:
        version, seconds = asyncio.run(start_and_end())
    except EngineUnavailable as error:
        step = advice.LIBRARY
        if isinstance(error.__cause__, SimulatorUnusable):
            step = advice.SIMULATOR
        return [Finding("neonize", Severity.CRITICAL, str(error), step)]
    return [machine_rules.of_library(version, NEWEST_TESTED_NEONIZE, seconds)]


def whatsapp() -> list[Finding]:
    """Check that WhatsApp can be reached as an engine reaches it, and compare its clock."""
    simulator = settings.WHATSAPP_SIMULATOR
    name = "a simulated WhatsApp" if simulator else "WhatsApp"
    try:
        reached = reach(route_to_whatsapp(simulator), REACH_SECONDS)
    except SimulatorUnusable as error:
        return [Finding("WhatsApp", Severity.CRITICAL, str(error), advice.SIMULATOR)]
    except Unreachable as error:
        network = advice.SIMULATOR if simulator else advice.NETWORK
        step = advice.CLOCK if error.fault is ProbeFault.CLOCK else network
        text = f"{name} cannot be reached: {error}"
        return [Finding("WhatsApp", Severity.CRITICAL, text, step)]
    found = [Finding("WhatsApp", Severity.OK, f"{name} answers in {reached.seconds:.2f} s")]
    return found if reached.ahead is None else [*found, machine_rules.of_clock(reached.ahead, name)]


def key_stores() -> list[Finding]:
    """Check that the keys can be read, and count them and the messages that were set aside."""
    gateway = gateway_settings()
    folder = gateway.keys_dir
    try:
        files = key_files(folder)
        aside = {file.path.name: aside_file.count(file.path) for file in files if file.is_aside}
    except OSError as error:
        text = f"{folder} cannot be read ({error.strerror})"
        return [Finding("key stores", Severity.CRITICAL, text, advice.readable(folder))]
    in_files = gateway.auth_store == "files"
    found = rules.of_key_stores(files, folder) if in_files else _key_database(gateway.auth_store)
    return [*found, *machine_rules.of_aside(aside, folder)]


def _key_database(url: str) -> list[Finding]:
    from sessions_app.cleanup import key_database  # loads psycopg only where it is needed

    began = time.monotonic()
    try:
        devices = len(key_database.stored_addresses(url))
    except key_database.KeysUnreachable as error:
        text = f"the key database does not answer: {error}"
        return [Finding("key stores", Severity.CRITICAL, text, advice.KEY_DATABASE)]
    return [machine_rules.of_key_database(devices, time.monotonic() - began)]


def data_folder() -> list[Finding]:
    """Check that files can be written to the data folder and its subfolders."""
    gateway = gateway_settings()
    names = ("logs", "bundles", "exports")
    inner = [gateway.keys_dir, *(gateway.data_dir / name for name in names)]
    for folder in [gateway.data_dir, *(folder for folder in inner if folder.exists())]:
        try:
            try_to_write(folder)
        except OSError as error:
            text = f"{folder} cannot be written to ({error.strerror})"
            full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
            step = advice.free_space(folder) if full else advice.writable(folder)
            return [Finding("data folder", Severity.CRITICAL, text, step)]
    return [Finding("data folder", Severity.OK, f"{gateway.data_dir} can be written to")]


def disk() -> list[Finding]:
    """Check the free space of the data folder's disk."""
    folder = settings.DATA_DIR
    present = next(path for path in (folder, *folder.parents) if path.exists())
    free, total = disk_space(present)
    return [machine_rules.of_disk(free, total, folder)]


def hints() -> list[Finding]:
    """Check that the channel layer delivers a message."""
    layer = get_channel_layer()
    if layer is None or isinstance(layer, InMemoryChannelLayer):
        return [Finding("hints", Severity.OK, "in memory: for one process that does everything")]
    try:
        seconds = async_to_sync(_round_trip)(layer)
    except Exception as error:  # a client whose server is away may raise anything
        text = f"the channel layer does not answer ({type(error).__name__})"
        return [Finding("hints", Severity.CRITICAL, text, "Start Redis, or correct REDIS_URL.")]
    return [Finding("hints", Severity.OK, f"the channel layer answers in {seconds * 1000:.0f} ms")]


async def _round_trip(layer: Any) -> float:
    began = time.monotonic()
    async with asyncio.timeout(LAYER_SECONDS):
        channel = await layer.new_channel()
        await layer.send(channel, {"type": "test.message"})
        await layer.receive(channel)
    return time.monotonic() - began


def system_checks() -> list[Finding]:
    """Run Django's and our own system checks."""
    found = [
        Finding(
            "settings",
            Severity.CRITICAL if message.level >= ERROR else Severity.WARNING,
            f"{message.msg} ({message.id})",
            str(message.hint or ""),
        )
        for message in run_checks()
        if message.level >= WARNING
    ]
    return found or [Finding("settings", Severity.OK, "no complaints")]


def port(number: int) -> list[Finding]:
    """Check that port ``number`` is free, or is already served by this site."""
    texts = {
        Port.FREE: (Severity.OK, f"{number} is free", ""),
        Port.OURS: (Severity.OK, f"{number} is served by Pairline", ""),
        Port.TAKEN: (
            Severity.CRITICAL,
            f"{number} is used by another program",
            "Stop it, or serve on another port: manage.py serve --port 8001",
        ),
        Port.FORBIDDEN: (
            Severity.CRITICAL,
            f"{number} may not be used by this user",
            "Serve on a port from 1024 on, behind a web server.",
        ),
    }
    severity, text, step = texts[port_state(number)]
    return [Finding("port", severity, text, step)]
