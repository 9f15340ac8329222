"""Bare neonize: a child process with nothing but the library, driven by JSON lines.

The child is the one of the simulator's own tests (``tests/wire/simulator/client.py``). Its
times are of the clock that ``time.monotonic`` reads here, too: one clock for the whole machine.
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
    """The process with bare neonize is gone (see its hazards in docs/explanation)."""


class Bare:
    """One process with as many clients as are started in it."""

    def __init__(self, folder: Path, simulator: Simulator) -> None:
        self._folder = folder
        self._said: list[dict[str, Any]] = []
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
        threading.Thread(target=self._listen, daemon=True).start()
        self.wait("Ready")

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self, client: str) -> float:
        """Connect a new client; the time at which it was asked to."""
        began = time.monotonic()
        self._tell(do="start", client=client, db=str(self._folder / f"{client}.sqlite3"))
        return began

    def send(self, client: str, to: str, text: str) -> float:
        """Have ``client`` send a text to a number (E.164); the time at which it was asked to."""
        began = time.monotonic()
        self._tell(do="send", client=client, to=to.removeprefix("+"), text=text)
        return began

    def mark(self) -> int:
        """A place in what is said from which to wait."""
        with self._changed:
            return len(self._said)

    def wait(self, event: str, client: str | None = None, after: int = 0) -> dict[str, Any]:
        """The first such event at or after a mark. Raises BareEnded."""

        def found() -> dict[str, Any] | None:
            said = (one for one in self._said[after:] if one.get("event") == event)
            return next((one for one in said if one.get("client") == client), None)

        with self._changed:
            self._changed.wait_for(lambda: found() or self._ended(), PATIENCE_SECONDS)
            happened = found()
        if happened is None:
            raise BareEnded(f"no {event} of {client}; exit code {self._process.poll()}")
        return happened

    def check(self) -> None:
        """Raises BareEnded when it has ended by itself."""
        if self._ended():
            raise BareEnded(f"exit code {self._process.returncode}")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _ended(self) -> bool:
        return self._process.poll() is not None

    def _tell(self, **command: Any) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps({"id": next(self._ids), **command}) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise BareEnded("it takes no more orders") from error

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self._said.append(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self._process.wait()
            self._changed.notify_all()
