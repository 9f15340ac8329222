"""The lock around starts and stops of clients."""

from __future__ import annotations

import threading

from sessions_app.engine.threads import LibraryLock

TIMEOUT = 5.0


def acquire_on_a_thread(lock: LibraryLock) -> threading.Event:
    """Acquire ``lock`` on another thread. The event is set once that has happened."""
    acquired = threading.Event()

    def wait() -> None:
        lock.acquire()
        acquired.set()

    threading.Thread(target=wait, daemon=True).start()
    return acquired


def test_it_has_one_holder_at_a_time() -> None:
    lock = LibraryLock(bound=60)
    first = lock.acquire()
    acquired = acquire_on_a_thread(lock)
    assert not acquired.wait(0.05)
    first.release()
    assert acquired.wait(TIMEOUT)


def test_it_expires_a_stuck_hold_after_the_bound() -> None:
    lock = LibraryLock(bound=0.1)
    lock.acquire()
    acquired = acquire_on_a_thread(lock)
    assert acquired.wait(TIMEOUT)


def test_it_ignores_the_release_of_an_expired_hold() -> None:
    now = [0.0]
    lock = LibraryLock(bound=60, clock=lambda: now[0])
    stuck = lock.acquire()
    now[0] = 61
    lock.acquire()
    stuck.release()
    third = acquire_on_a_thread(lock)
    assert not third.wait(0.05)


def test_it_ignores_a_second_release() -> None:
    lock = LibraryLock()
    with lock.acquire() as hold:
        hold.release()
        with lock.acquire():
            hold.release()
