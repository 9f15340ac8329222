"""A client of an HTTP API on this machine that asks again and again, as a program would."""

from __future__ import annotations

import http.client
import json
import threading
import time
import urllib.parse
from collections.abc import Callable
from typing import Any

from tests.wire.product import PATIENCE_SECONDS, Product, Simulator

POLL_SECONDS = 0.010
WATCH_SECONDS = 0.004


class Door:
    """One kept-alive connection; not for several threads."""

    def __init__(self, address: str, key: str = "") -> None:
        self._address = address
        host = urllib.parse.urlsplit(address).netloc
        self._connection = http.client.HTTPConnection(host, timeout=PATIENCE_SECONDS)
        self._headers = {"Content-Type": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of a good answer; fails on any other."""
        content = None if body is None else json.dumps(body)
        self._connection.request(method, path, content, self._headers)
        answer = self._connection.getresponse()
        raw = answer.read()
        assert answer.status < 400, f"{method} {path}: {answer.status} {raw[:200]!r}"
        return json.loads(raw or b"null")

    def close(self) -> None:
        self._connection.close()


class Api(Door):
    """The product's API for alice's key."""

    def __init__(self, product: Product) -> None:
        super().__init__(product.address, product.key)

    def create(self, location: str) -> tuple[float, str]:
        """Create a session: when it was asked for, and its id."""
        began = time.monotonic()
        return began, str(self.ask("POST", "/api/v1/sessions/", {"location": location})["id"])

    def session(self, session: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", f"/api/v1/sessions/{session}/")
        return found

    def every_session(self) -> list[dict[str, Any]]:
        """All sessions, page after page."""
        rows: list[dict[str, Any]] = []
        path: str | None = "/api/v1/sessions/"
        while path is not None:
            page = self.ask("GET", path)
            rows += page["results"]
            path = page["next"] and page["next"].removeprefix(self._address)
        return rows

    def until(
        self, session: str, true: Callable[[dict[str, Any]], bool]
    ) -> tuple[float, dict[str, Any]]:
        """When a poll every 10 ms first saw what is ``true``, and the session then."""
        return poll(lambda: self.session(session), true, f"session {session}")

    def unlink(self, session: str) -> None:
        """Give the session's location back, and wait until the gateway has done so."""
        self.ask("POST", f"/api/v1/sessions/{session}/unlink/", {})
        self.until(session, lambda row: row["reason"] == "unlinked")


def poll(read: Callable[[], Any], true: Callable[[Any], bool], what: str) -> tuple[float, Any]:
    """When ``read``, asked every 10 ms, first gave what is ``true``, and what it gave."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        asked = time.monotonic()
        if true(found := read()):
            return time.monotonic(), found
        assert asked < give_up, f"waited {PATIENCE_SECONDS:g} s in vain for {what}"
        time.sleep(max(0.0, asked + POLL_SECONDS - time.monotonic()))


class PhoneWatch:
    """Looks at a simulated phone's messages all the time, and notes when each text came in."""

    def __init__(self, simulator: Simulator, phone: str) -> None:
        self._door = Door(simulator.control)
        self._path = f"/api/phones/{urllib.parse.quote(phone)}/messages"
        self._seen: dict[str, float] = {}
        self._changed = threading.Condition()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def arrival(self, text: str) -> float:
        """When ``text`` was first seen; waits for it."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: text in self._seen, PATIENCE_SECONDS)
            assert arrived, f"a text did not arrive within {PATIENCE_SECONDS:g} s"
            return self._seen[text]

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(WATCH_SECONDS):
            found, now = self._door.ask("GET", self._path), time.monotonic()
            with self._changed:
                for message in found:
                    self._seen.setdefault(message["text"], now)
                self._changed.notify_all()
        self._door.close()
