"""Asking the library something that may never be answered."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from sessions_app.engine.failures import Refusal
from sessions_app.engine.library import LibraryError
from sessions_app.engine.orders import NOT_CONNECTED, CommandFailed


def seconds_to_answer(ask: Callable[[], None], patience: float) -> float:
    """How long ``ask`` takes, in seconds, at most ``patience``. Raises CommandFailed when it
    fails, or is not done by then (its thread is left to end by itself)."""
    started = time.monotonic()
    errors: list[str] = []
    answered = threading.Event()

    def run() -> None:
        try:
            ask()
        except LibraryError as error:
            errors.append(str(error))
        answered.set()

    threading.Thread(target=run, name="proof", daemon=True).start()
    if not answered.wait(patience):
        raise CommandFailed(Refusal("timeout", "WhatsApp did not answer in time."))
    if errors:
        raise CommandFailed(NOT_CONNECTED)
    return time.monotonic() - started
