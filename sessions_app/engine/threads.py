"""Whose turn it is to change the library's unguarded tables: one start or stop at a time.

The library keeps its clients in maps without a lock; two writers at once end the process. A
start therefore holds the turn until its client is known (QR, own identity or failure), a stop
until it returns. A holder that is stuck loses the turn after ``bound`` seconds: by then its
writes are long done (they precede the dialling), and nobody waits behind a stuck start.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

from sessions_app.engine.errors import Refusal
from sessions_app.engine.neonize_api import LibraryError
from sessions_app.engine.start_request import NOT_CONNECTED, CommandFailed

BOUND_SECONDS = 2.0


class Turn:
    """A turn that was taken; ends once, by ``end()`` or at the end of a ``with`` block."""

    def __init__(self, end: Callable[[Turn], None], until: float) -> None:
        self._end = end
        self.until = until

    def end(self) -> None:
        self._end(self)

    def __enter__(self) -> Turn:
        return self

    def __exit__(self, *exc: object) -> None:
        self.end()


class Turns:
    """Gives turns, first come, first served; ``bound`` and ``clock`` are in seconds."""

    def __init__(
        self, bound: float = BOUND_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._bound = bound
        self._clock = clock
        self._changed = threading.Condition()
        self._holder: Turn | None = None

    def take(self) -> Turn:
        """Wait for the turn and take it. Never waits longer for a holder than its bound."""
        with self._changed:
            while self._holder is not None:
                left = self._holder.until - self._clock()
                if left <= 0:
                    break
                self._changed.wait(left)
            self._holder = Turn(self._give_back, self._clock() + self._bound)
            return self._holder

    def _give_back(self, turn: Turn) -> None:
        with self._changed:
            if self._holder is turn:
                self._holder = None
                self._changed.notify()


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


IDLE_SECONDS = 10.0

Job = Callable[[], None]


class Lane:
    """Runs jobs in order. Its thread starts with the first job and ends after ``idle``
    seconds without one."""

    def __init__(self, name: str, idle: float = IDLE_SECONDS) -> None:
        self._name = name
        self._idle = idle
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._running = False

    def add(self, job: Job) -> None:
        """Run ``job`` after those before it; returns at once."""
        with self._lock:
            self._jobs.put(job)
            if not self._running:
                self._running = True
                threading.Thread(target=self._work, name=self._name, daemon=True).start()

    def _work(self) -> None:
        while True:
            try:
                job = self._jobs.get(timeout=self._idle)
            except queue.Empty:
                with self._lock:
                    if self._jobs.empty():
                        self._running = False
                        return
                continue
            job()
