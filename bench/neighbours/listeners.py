"""Servers of the victim and of the attacker on this machine, in threads."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class WebhookReceiver:
    """Records when each text of a ``message.received`` event arrived."""

    def __init__(self) -> None:
        self.url = ""
        self._arrivals: dict[str, float] = {}
        self._changed = threading.Condition()

    def take(self, event: dict[str, Any]) -> None:
        with self._changed:
            text = str(event.get("data", {}).get("text", ""))
            self._arrivals.setdefault(text, time.monotonic())
            self._changed.notify_all()

    def arrival(self, text: str, seconds: float) -> float | None:
        """Wait for ``text`` and return the time of its arrival; None after ``seconds``."""
        with self._changed:
            self._changed.wait_for(lambda: text in self._arrivals, seconds)
            return self._arrivals.get(text)


@contextmanager
def webhook_receiver() -> Iterator[WebhookReceiver]:
    """Run a receiver, which answers at once, within the block."""
    receiver = WebhookReceiver()

    class Handler(_Quiet):
        def do_POST(self) -> None:
            receiver.take(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer()

    with _running(Handler) as receiver.url:
        yield receiver


@contextmanager
def slow_server(seconds: float) -> Iterator[str]:
    """Run a server that answers every POST with 200 after ``seconds``. Yield its URL."""

    class Handler(_Quiet):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(seconds)
            self.answer()

    with _running(Handler) as url:
        yield url


class _Quiet(BaseHTTPRequestHandler):
    def answer(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Log nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


@contextmanager
def _running(handler: type[_Quiet]) -> Iterator[str]:
    server = _Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://localhost:{server.server_address[1]}/hook"
    finally:
        server.shutdown()
        server.server_close()
