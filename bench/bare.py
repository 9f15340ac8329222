"""Bare neonize in a child process, driven by JSON lines.

The child is the client of the simulator's tests (``tests/wire/simulator/client.py``). Its times
come from ``time.monotonic``, which is the same clock in all processes of the machine.
"""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.wire.product import PATIENCE_SECONDS, PROJECT, Simulator

CHILD = PROJECT / "tests" / "wire" / "simulator" / "client.py"


class BareEnded(Exception):
    """The process with bare neonize has ended (see its hazards in docs/explanation)."""


class BareNeonize:
    """One process with any number of clients."""

    def __init__(self, folder: Path, simulator: Simulator) -> None:
        self._folder = folder
        self._events: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self._ids = itertools.count(1)
        state = json.loads(simulator.state_file.read_text())
        self._process = subprocess.Popen(
            [sys.executable, str(CHILD), state["trust_root"]],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                "PATH": os.environ["PATH"],
                "SSL_CERT_FILE": state["ca_file"],
                "SSL_CERT_DIR": "/nonexistent",
                "HTTPS_PROXY": state["proxy"],
            },
        )
        threading.Thread(target=self._read, daemon=True).start()
        self.wait("Ready")

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self, client: str) -> float:
        """Start a new client, and return the time of the command."""
        began = time.monotonic()
        self._write(do="start", client=client, db=str(self._folder / f"{client}.sqlite3"))
        return began

    def send(self, client: str, to: str, text: str) -> float:
        """Send a text to a number (E.164), and return the time of the command."""
        began = time.monotonic()
        self._write(do="send", client=client, to=to.removeprefix("+"), text=text)
        return began

    def mark(self) -> int:
        """Return the current position in the events."""
        with self._changed:
            return len(self._events)

    def wait(self, event: str, client: str | None = None, after: int = 0) -> dict[str, Any]:
        """Return the first matching event at or after a mark. Raises BareEnded."""

        def found() -> dict[str, Any] | None:
            matching = (one for one in self._events[after:] if one.get("event") == event)
            return next((one for one in matching if one.get("client") == client), None)

        with self._changed:
            self._changed.wait_for(lambda: found() or self._ended(), PATIENCE_SECONDS)
            received = found()
        if received is None:
            raise BareEnded(f"no {event} of {client}; exit code {self._process.poll()}")
        return received

    def check(self) -> None:
        """Raise BareEnded if the process has ended by itself."""
        if self._ended():
            raise BareEnded(f"exit code {self._process.returncode}")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _ended(self) -> bool:
        return self._process.poll() is not None

    def _write(self, **command: Any) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"id": next(self._ids), **command}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise BareEnded("it accepts no more commands") from error

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self._events.append(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self._process.wait()
            self._changed.notify_all()
