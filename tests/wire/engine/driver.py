"""Drivers for an engine process and for the simulated WhatsApp."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import uuid4

from sessions_app.engine import launch
from sessions_app.engine.protocol import Command, EngineKind, decode, encode

TIMEOUT = 30.0  # seconds; far above what any condition takes

Message = dict[str, Any]


class ApiError(Exception):
    """The control API of the simulator refused a request."""


class Simulator:
    """A simulator process and its control API."""

    def __init__(self, folder: Path) -> None:
        self.state_file = folder / "whatsapp.json"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "simulator.whatsapp", "--state", str(self.state_file)],
            cwd=launch.PROJECT,
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + TIMEOUT
        while not self.state_file.exists():
            assert self._process.poll() is None, "the simulator ended"
            assert time.monotonic() < deadline, "the simulator did not get ready"
            time.sleep(0.02)
        self.state = launch.simulator_state(self.state_file)
        self._numbers = 351_910_000_000 + os.getpid() % 100_000 * 1000

    def call(self, method: str, path: str, **body: Any) -> Any:
        """Call the control API. Raises ApiError."""
        url = urlsplit(self.state.control)
        connection = HTTPConnection(url.hostname or "", url.port, timeout=TIMEOUT)
        with closing(connection):
            connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
            response = connection.getresponse()
            content = json.loads(response.read() or b"null")
        if response.status >= 400:
            raise ApiError(f"{response.status}: {content}")
        return content

    def phone(self, name: str = "") -> str:
        """Create a phone and return its number in E.164."""
        self._numbers += 1
        number = f"+{self._numbers}"
        self.call("POST", "/api/phones", number=number, name=name or "Phone")
        return number

    def scan(self, number: str, qr: str) -> None:
        """Scan a QR code with a phone."""
        self.call("POST", "/api/scan", number=number, qr=qr)

    def devices(self, number: str) -> list[Message]:
        """Return the linked devices of a phone."""
        phones = self.call("GET", "/api/state")["phones"]
        found: list[Message] = next(p["devices"] for p in phones if p["number"] == number)
        return found

    def changed_state(self, folder: Path, **changes: str) -> Path:
        """Write a copy of the state file with ``changes``, and return its path."""
        state = json.loads(self.state_file.read_text())
        changed = folder / "changed.json"
        changed.write_text(json.dumps(state | changes))
        return changed

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(TIMEOUT)


@dataclass
class Run:
    """One run of a client, and its events."""

    engine: Engine
    name: str
    store: str
    journal: Path
    events: list[Message] = field(default_factory=list)

    async def until(self, event: str, where: Callable[[Message], bool] = lambda e: True) -> Message:
        """Wait for the first matching event. Consumes it and the events before it."""

        def found() -> Message | None:
            for index, one in enumerate(self.events):
                if one["event"] == event and where(one):
                    del self.events[: index + 1]
                    return one
            return None

        matched = await self.engine.wait_for(found, f"{event} of {self.name}; got {self.names()}")
        return dict(matched)

    def names(self) -> list[str]:
        return [one["event"] for one in self.events]

    async def call(self, command: Command, **fields: Any) -> Message:
        return await self.engine.call(command, run=self.name, **fields)


class Engine:
    """An engine process at the other end of a socket pair."""

    def __init__(self, process: asyncio.subprocess.Process, channel: socket.socket) -> None:
        self.process = process
        self.messages: list[Message] = []
        self.runs: dict[str, Run] = {}
        self._answers: dict[str, Message] = {}
        self._changed = asyncio.Condition()
        self._channel = channel
        self.closed = False
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def launch(
        cls,
        simulator: Simulator | None,
        kind: EngineKind = EngineKind.RUNNING,
        log_level: str = "error",
        environ: Mapping[str, str] | None = None,
        stdout: int | None = subprocess.DEVNULL,
        stderr: int | None = None,
        preexec_fn: Callable[[], None] | None = None,
        state_file: Path | None = None,
    ) -> Self:
        """Start an engine like the gateway does, and wait for its first signal."""
        ours, theirs = socket.socketpair()
        if simulator and state_file is None:
            state_file = simulator.state_file
        state = launch.simulator_state(state_file) if state_file else None
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *launch.command(kind, theirs.fileno(), log_level, state_file),
                env=launch.environment(state, os.environ) | dict(environ or {}),
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                cwd="/",
                preexec_fn=preexec_fn,
            )
        engine = cls(process, ours)
        await engine.wait_for(lambda: engine.messages or engine.closed, "hello")
        return engine

    async def _read(self) -> None:
        self._channel.setblocking(False)
        reader, self._writer = await asyncio.open_connection(sock=self._channel, limit=2**21)
        async with self._changed:
            self._changed.notify_all()
        try:
            while line := await reader.readline():
                await self._receive(decode(line))
        except ConnectionError:
            pass
        async with self._changed:
            self.closed = True
            self._changed.notify_all()

    async def _receive(self, message: Message) -> None:
        async with self._changed:
            self.messages.append(message)
            if message["type"] == "result":
                self._answers[message["id"]] = message
            if message["type"] == "event" and message["run"] in self.runs:
                self.runs[message["run"]].events.append(message)
            self._changed.notify_all()

    async def wait_for(self, found: Callable[[], Any], name: str, seconds: float = TIMEOUT) -> Any:
        """Wait until ``found`` returns a true value, and return it."""
        result: Any = None

        def ready() -> bool:
            nonlocal result
            result = found()
            return bool(result) or self.closed

        async with self._changed:
            try:
                await asyncio.wait_for(self._changed.wait_for(ready), seconds)
            except TimeoutError:
                raise AssertionError(f"Waited {seconds:g} s for {name}.") from None
        assert result, f"The engine ended before {name}."
        return result

    async def poll(self, ready: Callable[[], bool], name: str) -> None:
        """Poll a condition for which the engine sends no signal."""
        deadline = time.monotonic() + TIMEOUT
        while not ready():
            assert time.monotonic() < deadline, f"Waited {TIMEOUT:g} s for {name}."
            await asyncio.sleep(0.01)

    def events(self, event: str) -> list[Message]:
        """Return all events of a kind, of any run."""
        return [one for one in self.messages if one.get("event") == event]

    def pause_reading(self) -> None:
        """Stop reading, like a frozen gateway."""
        self._writer.transport.pause_reading()  # type: ignore[attr-defined]

    def send(self, command: str, **fields: Any) -> None:
        """Send a command without waiting."""
        self._writer.write(encode({"type": command, **fields}))

    def send_raw(self, line: bytes) -> None:
        """Send a line unchanged."""
        self._writer.write(line)

    def hang_up(self) -> None:
        """Close the channel, like a killed gateway."""
        self._writer.close()

    async def call(self, command: str, **fields: Any) -> Message:
        """Send a command and return its result."""
        key = uuid4().hex
        self.send(command, id=key, **fields)
        answer = await self.wait_for(
            lambda: self._answers.get(key) or (self.closed and {"type": "gone"}),
            f"a result of {command}",
        )
        assert answer["type"] == "result", f"the engine is gone: {self.process.returncode}"
        return dict(answer)

    async def start(
        self,
        store: Path | str,
        jid: str | None = None,
        proxy: str | None = None,
        journal: Path | None = None,
    ) -> Run:
        """Start a run. Its progress is reported by events."""
        name = uuid4().hex
        run = Run(self, name, str(store), journal or Path(f"{store}.journal"))
        self.runs[name] = run
        answer = await run.call(
            Command.START,
            store=str(store),
            jid=jid,
            device_name="Pairline",
            proxy=proxy,
            journal=str(run.journal),
        )
        assert answer["ok"], answer
        return run

    async def ended(self, seconds: float = TIMEOUT) -> int:
        """Wait for the process to end, and return its exit code."""
        return await asyncio.wait_for(self.process.wait(), seconds)

    async def kill(self) -> None:
        """Kill the process, and release the resources of the test."""
        if self.process.returncode is None:
            self.process.kill()
        await self.ended()
        self._writer.transport.resume_reading()  # type: ignore[attr-defined]
        await self._reading
        self._writer.close()


async def link(
    engine: Engine, simulator: Simulator, store: Path | str, journal: Path | None = None
) -> tuple[Run, str, str]:
    """Pair a new phone by QR code. Return the run, the linked address and the number."""
    number = simulator.phone()
    run = await engine.start(store, journal=journal)
    qr = await run.until("qr")
    await asyncio.to_thread(simulator.scan, number, qr["text"])
    connected = await run.until("connected")
    return run, connected["jid"], number
