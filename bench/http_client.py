"""A client that polls HTTP APIs on this machine."""

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
MONITOR_SECONDS = 0.004


class JsonClient:
    """A client with one keep-alive connection. Not thread-safe."""

    def __init__(self, address: str, key: str = "") -> None:
        self._address = address
        host = urllib.parse.urlsplit(address).netloc
        self._connection = http.client.HTTPConnection(host, timeout=PATIENCE_SECONDS)
        self._headers = {"Content-Type": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON of a successful response. Fails for any other status."""
        content = None if body is None else json.dumps(body)
        self._connection.request(method, path, content, self._headers)
        response = self._connection.getresponse()
        raw = response.read()
        assert response.status < 400, f"{method} {path}: {response.status} {raw[:200]!r}"
        return json.loads(raw or b"null")

    def close(self) -> None:
        self._connection.close()


class ProductApi(JsonClient):
    """The product's API with alice's key."""

    def __init__(self, product: Product) -> None:
        super().__init__(product.address, product.key)

    def create(self, location: str) -> tuple[float, str]:
        """Create a session. Return the time of the request, and the id."""
        began = time.monotonic()
        return began, str(self.request("POST", "/api/v1/sessions/", {"location": location})["id"])

    def session(self, session: str) -> dict[str, Any]:
        found: dict[str, Any] = self.request("GET", f"/api/v1/sessions/{session}/")
        return found

    def all_sessions(self) -> list[dict[str, Any]]:
        """Return the sessions of all pages."""
        rows: list[dict[str, Any]] = []
        path: str | None = "/api/v1/sessions/"
        while path is not None:
            page = self.request("GET", path)
            rows += page["results"]
            path = page["next"] and page["next"].removeprefix(self._address)
        return rows

    def until(
        self, session: str, condition: Callable[[dict[str, Any]], bool]
    ) -> tuple[float, dict[str, Any]]:
        """Poll every 10 ms until ``condition`` holds. Return the time and the session then."""
        return poll(lambda: self.session(session), condition, f"session {session}")

    def unlink(self, session: str) -> None:
        """Unlink the session, and wait until the gateway has done it."""
        self.request("POST", f"/api/v1/sessions/{session}/unlink/", {})
        self.until(session, lambda row: row["reason"] == "unlinked")


def poll(read: Callable[[], Any], condition: Callable[[Any], bool], name: str) -> tuple[float, Any]:
    """Call ``read`` every 10 ms until ``condition`` holds. Return the time and the value."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        started = time.monotonic()
        if condition(value := read()):
            return time.monotonic(), value
        assert started < deadline, f"{name} did not change within {PATIENCE_SECONDS:g} s"
        time.sleep(max(0.0, started + POLL_SECONDS - time.monotonic()))


class PhoneMonitor:
    """Poll the messages of a simulated phone on a thread, and record when each text arrived."""

    def __init__(self, simulator: Simulator, phone: str) -> None:
        self._client = JsonClient(simulator.control)
        self._path = f"/api/phones/{urllib.parse.quote(phone)}/messages"
        self._arrivals: dict[str, float] = {}
        self._changed = threading.Condition()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._poll, daemon=True)
        self._thread.start()

    def arrival(self, text: str) -> float:
        """Wait for ``text`` and return the time of its arrival."""
        with self._changed:
            arrived = self._changed.wait_for(lambda: text in self._arrivals, PATIENCE_SECONDS)
            assert arrived, f"a text did not arrive within {PATIENCE_SECONDS:g} s"
            return self._arrivals[text]

    def close(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _poll(self) -> None:
        while not self._stopped.wait(MONITOR_SECONDS):
            found, now = self._client.request("GET", self._path), time.monotonic()
            with self._changed:
                for message in found:
                    self._arrivals.setdefault(message["text"], now)
                self._changed.notify_all()
        self._client.close()
