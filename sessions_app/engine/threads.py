"""Threads and locks around the blocking calls of the library.

- ``LibraryLock`` serializes starts and stops.
- ``SerialThread`` runs jobs one after another.
- ``timed`` bounds and measures one call.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable

from sessions_app.engine.errors import ErrorReply
from sessions_app.engine.neonize_api import LibraryError
from sessions_app.engine.start_request import NOT_CONNECTED, CommandFailed

HOLD_SECONDS = 2.0
IDLE_SECONDS = 10.0

Job = Callable[[], None]


class LibraryHold:
    """An acquired ``LibraryLock``. Release it with ``release()`` or a ``with`` block; releasing
    it again does nothing."""

    def __init__(self, release: Callable[[LibraryHold], None], expires_at: float) -> None:
        self._release = release
        self.expires_at = expires_at

    def release(self) -> None:
        self._release(self)

    def __enter__(self) -> LibraryHold:
        return self

    def __exit__(self, *exc: object) -> None:
        self.release()


class LibraryLock:
    """Lets one start or stop at a time change the library's client maps.

    The library guards these maps with no lock, and two concurrent writers crash the process. A
    start holds the lock until its client is known (QR code, own identity or failure), a stop
    until it returns. A hold expires after ``bound`` seconds, so a stuck start does not block
    the others; the library writes its maps before it dials, so the writes are done by then.
    """

    def __init__(
        self, bound: float = HOLD_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Take ``bound`` in seconds, and ``clock`` as a monotonic clock in seconds."""
        self._bound = bound
        self._clock = clock
        self._changed = threading.Condition()
        self._holder: LibraryHold | None = None

    def acquire(self) -> LibraryHold:
        """Wait until the lock is free or its current hold has expired, then take it."""
        with self._changed:
            while self._holder is not None:
                remaining = self._holder.expires_at - self._clock()
                if remaining <= 0:
                    break
                self._changed.wait(remaining)
            self._holder = LibraryHold(self._release, self._clock() + self._bound)
            return self._holder

    def _release(self, hold: LibraryHold) -> None:
        with self._changed:
            if self._holder is hold:
                self._holder = None
                self._changed.notify()


class SerialThread:
    """Run jobs one after another, in the order in which they were added.

    The thread starts with the first job and ends after ``idle`` seconds without one."""

    def __init__(self, name: str, idle: float = IDLE_SECONDS) -> None:
        self._name = name
        self._idle = idle
        self._lock = threading.Lock()
        self._jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self._running = False

    def add(self, job: Job) -> None:
        """Queue ``job`` and return at once."""
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


def timed(call: Callable[[], None], timeout: float) -> float:
    """Run ``call`` and return how long it took, in seconds.

    Raises CommandFailed if ``call`` raises LibraryError or runs longer than ``timeout``
    seconds. After a timeout its thread keeps running in the background."""
    started = time.monotonic()
    errors: list[str] = []
    finished = threading.Event()

    def run() -> None:
        try:
            call()
        except LibraryError as error:
            errors.append(str(error))
        finished.set()

    threading.Thread(target=run, name="timed", daemon=True).start()
    if not finished.wait(timeout):
        raise CommandFailed(ErrorReply("timeout", "WhatsApp did not answer in time."))
    if errors:
        raise CommandFailed(NOT_CONNECTED)
    return time.monotonic() - started
