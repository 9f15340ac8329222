"""The product as it ships, in processes of its own: simulator, ``manage.py serve``, a customer.

Nothing here imports the product: it is driven as a user and an operator would.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from tests.wire import installed

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0  # for a loaded machine; nothing is expected to take long
LOCATIONS = 150
EMAIL = "alice@example.com"
PASSWORD = "correct horse battery staple"
Found = TypeVar("Found")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(
    condition: Callable[[], Found | None],
    what: str,
    seconds: float = PATIENCE_SECONDS,
    pause: float = 0.02,
) -> Found:
    """Poll ``condition`` every ``pause`` seconds, and return its first true result. Fails the
    test after ``seconds`` with the name of what it waited for."""
    give_up_at = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < give_up_at, f"waited {seconds:g} s in vain for {what}"
        time.sleep(pause)
    return found


def call(
    method: str, url: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """Return (status, JSON or text) of one HTTP request on this machine."""
    request = urllib.request.Request(  # noqa: S310  always http://127.0.0.1
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
            return answer.status, _content(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, _content(error.read())


def _content(raw: bytes) -> Any:
    try:
        return json.loads(raw or b"null")
    except ValueError:
        return raw.decode(errors="replace")


class Simulator:
    """A simulated WhatsApp in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.state_file = folder / "simulator.json"
        self._log = (folder / "simulator.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "simulator.whatsapp", "--state", str(self.state_file)],
            cwd=PROJECT,
            stdout=self._log,
            stderr=self._log,
        )
        wait_for(self.state_file.exists, "the simulator's state file")
        self.control: str = json.loads(self.state_file.read_text())["control"]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Return the response of the control API; an error fails the test."""
        status, answer = call(method, self.control + path, body)
        assert status < 400, f"{method} {path}: {status} {answer}"
        return answer

    def scan(self, qr_text: str, number: str | None = None) -> dict[str, Any]:
        body = {"qr": qr_text} | ({"number": number} if number else {})
        linked: dict[str, Any] = self.ask("POST", "/api/scan", body)
        return linked

    def new_phone(self, **fields: Any) -> str:
        return str(self.ask("POST", "/api/phones", fields)["number"])

    def write(self, phone: str, to: str, text: str) -> str:
        path = f"/api/phones/{urllib.parse.quote(phone)}/send"
        return str(self.ask("POST", path, {"to": to, "text": text})["id"])

    def messages(self, phone: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask(
            "GET", f"/api/phones/{urllib.parse.quote(phone)}/messages"
        )
        return found

    def open_chat(self, phone: str, of: str) -> None:
        self.ask("POST", f"/api/phones/{urllib.parse.quote(phone)}/read", {"from": of})

    def unlink(self, phone: str) -> None:
        self.ask("POST", f"/api/phones/{urllib.parse.quote(phone)}/unlink", {})

    def fault(self, kind: str, **fields: Any) -> None:
        self.ask("POST", "/api/faults", {"kind": kind, **fields})

    def clear_faults(self) -> None:
        self.ask("DELETE", "/api/faults")

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(PATIENCE_SECONDS)
        self._log.close()


class Product:
    """``manage.py serve`` in a folder of its own, with one customer: alice of Harbour Group."""

    def __init__(
        self, folder: Path, simulator: Simulator, python: str = sys.executable, **environment: str
    ) -> None:
        self.folder, self.simulator, self.python = folder, simulator, python
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log_file = folder / "serve.log"
        self.environment = {
            "PATH": os.environ["PATH"],
            "DJANGO_SECRET_KEY": "test-only-" + "x" * 50,
            "DJANGO_DEBUG": "true",
            "DATA_DIR": str(folder / "data"),
            "DATABASE_URL": f"sqlite:///{folder / 'pairline.sqlite3'}",
            "REDIS_URL": "",
            "PUBLIC_URL": self.address,
            "WHATSAPP_SIMULATOR": str(simulator.state_file),
            **environment,
        }
        (folder / "data").mkdir(exist_ok=True)
        self.process: subprocess.Popen[bytes] | None = None
        self.customer = self._install("DATABASE_URL" not in environment)
        self.key = str(self.customer["api_key"])
        self._locations = iter(self.customer["locations"])

    def _install(self, own_file: bool) -> dict[str, Any]:
        """Create the customer in a migrated database; ``own_file``: in a copyable file."""
        if own_file and (copied := installed.copy_to(self.folder)):
            return copied
        self.manage("migrate", "-v0")
        names = [f"Place {number}" for number in range(LOCATIONS)]
        customer = self.create_customer(EMAIL, "Harbour Group", *names)
        if own_file:
            installed.keep(self.folder, customer)
        return customer

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one management command, and wait for it."""
        done = subprocess.run(
            [self.python, "manage.py", *arguments],
            cwd=PROJECT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert not check or done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done

    def create_customer(self, email: str, account: str, *locations: str) -> dict[str, Any]:
        done = self.manage(
            "create_customer", "--email", email, "--password", PASSWORD,
            "--account", account, "--location", *locations,
        )  # fmt: skip
        customer: dict[str, Any] = json.loads(done.stdout)
        return customer

    def start(self, *arguments: str) -> Product:
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [self.python, "manage.py", "serve", "--port", str(self.port), *arguments],
                cwd=PROJECT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        wait_for(self._serves, f"the site to serve; its log:\n{self.log()}")
        return self

    def _serves(self) -> bool:
        assert self.process is not None and self.process.poll() is None, self.log()
        try:
            return call("GET", f"{self.address}/healthz")[0] == 200
        except OSError:
            return False

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop the process, and return its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    # --- what the customer does ---------------------------------------------------------

    def next_location(self) -> str:
        """Return a location of alice that no test has used yet."""
        return str(next(self._locations)["id"])

    def api(
        self, method: str, path: str, body: Any = None, key: str | None = None
    ) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return call(method, f"{self.address}/api/v1/{path}", body, headers)

    def create_session(self, location: str | None = None) -> str:
        body = {"location": location or self.next_location()}
        status, answer = self.api("POST", "sessions/", body)
        assert status == 201, answer
        return str(answer["id"])

    def snapshot(self, session: str) -> dict[str, Any]:
        status, answer = self.api("GET", f"sessions/{session}/")
        assert status == 200, answer
        found: dict[str, Any] = answer
        return found

    def until(self, session: str, **expected: Any) -> dict[str, Any]:
        """Wait for a snapshot in which all ``expected`` fields have these values."""
        last: dict[str, Any] = {}

        def matches() -> bool:
            nonlocal last
            last = self.snapshot(session)
            return all(last[name] == value for name, value in expected.items())

        try:
            wait_for(matches, f"{expected}")
        except AssertionError as error:
            shown = {k: v for k, v in last.items() if k not in ("qr", "pairing_code")}
            raise AssertionError(f"{error}; last seen: {shown}\n{self.log()[-3000:]}") from None
        return last

    def new_code(self, session: str, old: str) -> str | None:
        """Return the text of the current code if it differs from ``old``."""
        qr = self.snapshot(session)["qr"]
        return None if qr is None or qr["text"] == old else str(qr["text"])

    def link(self, number: str | None = None) -> tuple[str, str]:
        """Create, scan, wait for ready; return (session id, phone number)."""
        session = self.create_session()
        waiting = self.until(session, status="qr")
        self.simulator.scan(waiting["qr"]["text"], number)
        ready = self.until(session, status="ready")
        moved = f"Session moved to another engine  session={session}"
        wait_for(lambda: moved in self.log(), "the move to a running engine")
        return session, str(ready["phone_number"])

    def send(self, session: str, to: str, text: str) -> str:
        status, answer = self.api("POST", f"sessions/{session}/messages/", {"to": to, "text": text})
        assert status == 202, answer
        return str(answer["id"])

    def messages(self, session: str) -> list[dict[str, Any]]:
        status, answer = self.api("GET", f"sessions/{session}/messages/")
        assert status == 200, answer
        found: list[dict[str, Any]] = answer["results"]
        return found

    def message(self, session: str, identifier: str) -> dict[str, Any]:
        return next(one for one in self.messages(session) if one["id"] == identifier)

    def engine_pids(self, kind: str | None = None) -> list[int]:
        """Return the engines of this product from the system's process table."""
        import psutil

        assert self.process is not None
        pids = []
        for child in psutil.Process(self.process.pid).children():
            try:
                words = child.cmdline()
            except psutil.NoSuchProcess:  # it has just ended
                continue
            if "sessions_app.engine" in words and (kind is None or kind in words):
                pids.append(child.pid)
        return pids
