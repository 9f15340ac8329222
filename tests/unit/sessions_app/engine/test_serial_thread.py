"""Jobs in order, on a thread that exists only while there is work."""

from __future__ import annotations

import threading

from sessions_app.engine.threads import SerialThread

TIMEOUT = 5.0


def test_it_runs_jobs_in_order() -> None:
    done: list[int] = []
    finished = threading.Event()
    queue = SerialThread("test")
    for number in range(100):
        queue.add(lambda number=number: done.append(number))  # type: ignore[misc]
    queue.add(finished.set)
    assert finished.wait(TIMEOUT)
    assert done == list(range(100))


def test_it_ends_an_idle_thread_and_starts_another() -> None:
    queue = SerialThread("idle", idle=0.02)
    threads: list[threading.Thread] = []
    for _ in range(3):
        finished = threading.Event()

        def job(finished: threading.Event = finished) -> None:
            threads.append(threading.current_thread())
            finished.set()

        queue.add(job)
        assert finished.wait(TIMEOUT)
        threads[-1].join(TIMEOUT)
        assert not threads[-1].is_alive()
    assert len(set(threads)) == 3
