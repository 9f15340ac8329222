"""An engine that violates the protocol is ended; the gateway continues."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import pytest

from sessions_app.engine.protocol import MAX_LINE_BYTES, Command, EngineKind
from sessions_app.gateway.decisions.actor_events import ClientEvent, EngineEnded
from sessions_app.gateway.engine_process import (
    EngineGone,
    EngineProcess,
    EngineUnavailable,
    launch_engine,
)
from sessions_app.gateway.settings import GatewaySettings

PROGRAM = """
import socket, sys, time
line = socket.socket(fileno=int(sys.argv[1]))
line.sendall(b'{"type":"hello","kind":"running","pid":1,"neonize":"0.5.2"}\\n')
line.recv(1)
line.sendall(sys.argv[2].encode() * int(sys.argv[3]) + b"\\n")
time.sleep(60)
"""


async def _mad_engine(says: str, times: int = 1) -> EngineProcess:
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", PROGRAM, str(theirs.fileno()), says, str(times),
            pass_fds=[theirs.fileno()],
        )  # fmt: skip
    reader, writer = await asyncio.open_connection(sock=ours, limit=MAX_LINE_BYTES)
    return EngineProcess(EngineKind.RUNNING, process, reader, writer)


@pytest.mark.parametrize(
    ("says", "times"),
    [
        ("not json", 1),
        ("[1, 2]", 1),
        ('{"type": "song"}', 1),
        ('{"type": "event", "event": "qr"}', 1),
        ('{"type": "event", "event": "qr", "run": "run", "text": 7}', 1),
        ('{"type": "event", "event": "song", "run": "run"}', 1),
        ('{"type": "pong", "rss_mb": "much"}', 1),
        ("x", MAX_LINE_BYTES + 1),
    ],
)
async def test_it_ends_an_engine_that_sends_a_malformed_frame(says: str, times: int) -> None:
    engine = await _mad_engine(says, times)
    events: list[ClientEvent] = []
    engine.follow("run", events.append)

    await asyncio.wait_for(engine.ended.wait(), 30)

    assert events == [EngineEnded()]
    with pytest.raises(EngineGone):
        await engine.ask(Command.PROOF, 5, run="run")


async def test_it_says_why_no_engine_can_be_started(tmp_path: Path) -> None:
    settings = GatewaySettings(data_dir=tmp_path, simulator=tmp_path / "no such file.json")

    with pytest.raises(EngineUnavailable, match="cannot be read"):
        await launch_engine(EngineKind.LINKING, settings)
