"""Run the simulator and plain neonize as processes, and wait for their events."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
TIMEOUT = 45.0


def wait_for(condition: Callable[[], Any], name: str, seconds: float = TIMEOUT) -> Any:
    """Return the first true value of ``condition``. Raises AssertionError with ``name``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.01)
    raise AssertionError(f"Waited {seconds:g} s for {name}.")


def stays(condition: Callable[[], bool], seconds: float) -> bool:
    """Return whether ``condition`` holds for ``seconds``."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not condition():
            return False
        time.sleep(0.02)
    return True


class ApiError(Exception):
    """The control API refused a request. ``status`` is the HTTP status."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


class Simulator:
    """A running simulator and its control API."""

    def __init__(self, folder: Path) -> None:
        self.state_file = folder / "simulator.json"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "simulator.whatsapp", "--state", str(self.state_file)],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
        )
        wait_for(self.state_file.exists, "the simulator's state file")
        self.found: dict[str, str] = json.loads(self.state_file.read_text())

    def call(self, method: str, path: str, **body: Any) -> Any:
        """Call the control API. Raises ApiError."""
        request = urllib.request.Request(  # noqa: S310
            self.found["control"] + path,
            method=method,
            data=json.dumps(body).encode() if method == "POST" else None,
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            with error:
                raise ApiError(error.code, json.loads(error.read())["error"]) from error

    def post(self, path: str, **body: Any) -> Any:
        """POST JSON."""
        return self.call("POST", path, **body)

    def get(self, path: str) -> Any:
        """GET JSON."""
        return self.call("GET", path)

    def phone(self, number: str) -> Any:
        """Return the state of one phone."""
        return next(p for p in self.get("/api/state")["phones"] if p["number"] == number)

    def stop(self) -> int:
        """Terminate the process and return its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=10)


def environment(found: dict[str, str]) -> dict[str, str]:
    """Return an environment in which plain neonize reaches only the simulator."""
    kept = {
        k: v
        for k, v in os.environ.items()
        if k in ("PATH", "HOME", "LANG", "TMPDIR", "NEONIZE_STDERR")
    }
    return {
        **kept,
        "SSL_CERT_FILE": found["ca_file"],
        "SSL_CERT_DIR": "/nonexistent",
        "HTTPS_PROXY": found["proxy"],
    }


class Neonize:
    """A process with plain neonize (``client.py``)."""

    def __init__(
        self, simulator: Simulator, folder: Path, *, proxy_in_environment: bool = True
    ) -> None:
        env = environment(simulator.found)
        if not proxy_in_environment:
            del env["HTTPS_PROXY"]
        self._folder = folder
        self.events: list[dict[str, Any]] = []
        self._answers: dict[int, dict[str, Any]] = {}
        self._next = 0
        self._changed = threading.Condition()
        self.process = subprocess.Popen(
            [
                sys.executable,
                str(Path(__file__).with_name("client.py")),
                simulator.found["trust_root"],
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=env,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.wait("Ready", None)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._take(json.loads(line))

    def _take(self, message: dict[str, Any]) -> None:
        with self._changed:
            if "id" in message:
                self._answers[message["id"]] = message
            else:
                self.events.append(message)
            self._changed.notify_all()

    def _until(self, ready: Callable[[], Any], name: str, seconds: float) -> Any:
        with self._changed:
            if not self._changed.wait_for(ready, seconds):
                seen = [(e["event"], e.get("client")) for e in self.events]
                raise AssertionError(f"Waited {seconds:g} s for {name}. Events: {seen}")
            return ready()

    def post(self, do: str, **arguments: Any) -> int:
        """Send a command without waiting for its answer, and return its id."""
        with self._changed:
            self._next += 1
            command = {"id": self._next, "do": do, **arguments}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        return int(command["id"])

    def answer(self, command: int, seconds: float = TIMEOUT) -> Any:
        """Return the answer to a command. Raises RuntimeError with neonize's error."""
        answer = self._until(lambda: self._answers.get(command), "an answer", seconds)
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["ok"]

    def call(self, do: str, seconds: float = TIMEOUT, **arguments: Any) -> Any:
        """Send a command and wait for its answer."""
        return self.answer(self.post(do, **arguments), seconds)

    def start(self, client: str, **arguments: Any) -> None:
        """Start a client whose store is a file with its name."""
        self.call("start", client=client, db=str(self._folder / f"{client}.sqlite3"), **arguments)

    def wait(
        self,
        event: str,
        client: str | None,
        *,
        after: int = 0,
        seconds: float = TIMEOUT,
        where: Callable[[dict[str, Any]], bool] = lambda _: True,
    ) -> dict[str, Any]:
        """Return the first matching event at or after position ``after`` of ``events``."""

        def found() -> dict[str, Any] | None:
            return next(
                (
                    e
                    for e in self.events[after:]
                    if e["event"] == event and e.get("client") == client and where(e)
                ),
                None,
            )

        matched: dict[str, Any] = self._until(found, f"{event} of {client}", seconds)
        return matched

    def names(self, client: str, after: int = 0) -> list[str]:
        """Return the names of a client's events so far, in order."""
        return [e["event"] for e in self.events[after:] if e.get("client") == client]

    def mark(self) -> int:
        """Return the current position in ``events``."""
        return len(self.events)

    def link(self, simulator: Simulator, client: str, **phone: Any) -> str:
        """Start a client, scan its code, wait until it is connected, and return its number."""
        self.start(client)
        text = self.wait("QR", client)["text"]
        number: str = simulator.post("/api/scan", qr=text, **phone)["number"]
        self.wait("Connected", client)
        return number

    def freeze(self) -> None:
        """Stop the process (SIGSTOP) with its connections open."""
        self.process.send_signal(signal.SIGSTOP)
        tasks = Path(f"/proc/{self.process.pid}/task")

        def stopped() -> bool:
            stats = [(task / "stat").read_text() for task in tasks.iterdir()]
            return all(stat.rpartition(")")[2].split()[0] == "T" for stat in stats)

        wait_for(stopped, "all threads to stop")

    def close(self) -> None:
        """End the process."""
        self.process.send_signal(signal.SIGCONT)
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join()
