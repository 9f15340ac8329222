"""A lane: jobs one after another on a thread that lives only while there is work."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

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
