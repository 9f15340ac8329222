"""Engines that a test plays: a process and a socket pair, which speak the gateway's protocol.

The gateway's side is the product's own ``EngineProcess``. The other side answers every command as
an engine does, unless a test says otherwise, and keeps what it was asked.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from asyncio.subprocess import Process
from collections import Counter
from typing import Any

from sessions_app.engine.engine_events import EngineEvent
from sessions_app.engine.protocol import (
    MAX_LINE_BYTES,
    Command,
    EngineKind,
    Signal,
    decode,
    encode,
)
from sessions_app.gateway.engine_process import EngineProcess
from sessions_app.gateway.settings import GatewaySettings

WHATSAPP_ID = "3EB0A1"


class ScriptedEngine:
    """The engine's end of the socket pair."""

    def __init__(self, kind: EngineKind, process: Process, sent: dict[str, str]) -> None:
        """``sent`` is what the library began to send: WhatsApp's id by secret."""
        self.kind = kind
        self.sent = sent
        self.commands: list[dict[str, Any]] = []
        self.pings = 0
        self.mute: set[Command] = set()  # commands without an answer
        self.refusals: dict[Command, str] = {}  # the codes of refused commands
        self._process = process
        self._writer: asyncio.StreamWriter | None = None

    @property
    def alive(self) -> bool:
        return self._process.returncode is None

    @property
    def counts(self) -> Counter[str]:
        """Return how often each command came."""
        return Counter(command["type"] for command in self.commands)

    @property
    def runs(self) -> list[str]:
        """Return the runs that were started, in order."""
        return [one["run"] for one in self.commands if one["type"] == Command.START]

    def asked(self, command: Command) -> list[dict[str, Any]]:
        return [one for one in self.commands if one["type"] == command]

    def report(self, event: EngineEvent) -> None:
        """Report ``event`` of the latest run."""
        self._tell({"type": Signal.EVENT, "run": self.runs[-1], "at": 0, **event.to_wire()})

    def kill(self) -> None:
        self._process.kill()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer commands until the process has ended. Its end closes the socket."""
        self._writer = writer
        self._tell({"type": Signal.HELLO, "kind": self.kind, "pid": 1, "neonize": "scripted"})
        answers = asyncio.create_task(self._answer_all(reader))
        await self._process.wait()
        answers.cancel()
        writer.close()

    async def _answer_all(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            self._handle(decode(line))

    def _handle(self, message: dict[str, Any]) -> None:
        command = Command(message["type"])
        if command is Command.PING:
            self.pings += 1
            self._tell({"type": Signal.PONG, "at": message["at"], "rss_mb": 90, "starts": 0})
            return
        self.commands.append(message)
        if command is Command.SHUTDOWN:
            self.kill()
        elif "id" in message and command not in self.mute:
            self._tell({"type": Signal.RESULT, "id": message["id"], **self._result(command)})

    def _result(self, command: Command) -> dict[str, Any]:
        if command in self.refusals:
            return {"ok": False, "code": self.refusals[command], "error": "Refused."}
        fields: dict[Command, dict[str, Any]] = {
            Command.STOP: {"ended": True},
            Command.SEND: {"whatsapp_id": WHATSAPP_ID, "at": 1_790_000_000.0},
            Command.FIND_SENT: {"found": self.sent},
            Command.PROOF: {"rtt": 0.1},
        }
        return {"ok": True, **fields.get(command, {})}

    def _tell(self, message: dict[str, Any]) -> None:
        assert self._writer is not None
        self._writer.write(encode(message))


class ScriptedEngines:
    """Launches scripted engines for a gateway."""

    def __init__(self) -> None:
        self.sent: dict[str, str] = {}  # in the key store, which all engines share
        self._launched: list[ScriptedEngine] = []
        self._served: list[asyncio.Task[None]] = []

    @property
    def running(self) -> list[ScriptedEngine]:
        """Return the running engines (as opposed to linking ones), dead ones included."""
        return self.of(EngineKind.RUNNING)

    def of(self, kind: EngineKind) -> list[ScriptedEngine]:
        """Return all engines of ``kind``, dead ones included."""
        return [engine for engine in self._launched if engine.kind is kind]

    @property
    def alive(self) -> list[ScriptedEngine]:
        return [engine for engine in self._launched if engine.alive]

    @property
    def handled(self) -> int:
        """Return how many commands all engines have got."""
        return sum(len(engine.commands) + engine.pings for engine in self._launched)

    async def launch(self, kind: EngineKind, settings: GatewaySettings) -> EngineProcess:
        """Start an engine and wait until it is ready."""
        ours, theirs = socket.socketpair()
        process = await asyncio.create_subprocess_exec("sleep", "600")
        engine = ScriptedEngine(kind, process, self.sent)
        reader, writer = await asyncio.open_connection(sock=theirs, limit=MAX_LINE_BYTES)
        self._served.append(asyncio.create_task(engine.serve(reader, writer)))
        self._launched.append(engine)
        reader, writer = await asyncio.open_connection(sock=ours, limit=MAX_LINE_BYTES)
        engine_process = EngineProcess(kind, process, reader, writer)
        await engine_process.hello()
        return engine_process

    async def end(self) -> None:
        """End what is still alive, and wait for it."""
        for engine in self.alive:
            with contextlib.suppress(ProcessLookupError):
                engine.kill()
        await asyncio.gather(*self._served, return_exceptions=True)
