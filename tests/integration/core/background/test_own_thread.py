"""Slow work in a thread of its own."""

from __future__ import annotations

import asyncio
import sys
import threading

import pytest

from core.background.own_thread import ThreadEnded, run_in_own_thread


async def test_it_returns_the_result_of_another_thread() -> None:
    thread = await run_in_own_thread(threading.current_thread)

    assert thread is not threading.current_thread()
    assert thread.daemon


async def test_it_raises_what_the_function_raises() -> None:
    def broken() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await run_in_own_thread(broken)


async def test_it_ends_the_thread_and_not_the_loop() -> None:
    with pytest.raises(ThreadEnded, match="SystemExit"):
        await run_in_own_thread(sys.exit)


async def test_it_does_not_make_a_cancelled_caller_wait() -> None:
    gate, ended = threading.Event(), threading.Event()

    def work() -> None:
        gate.wait(20)
        ended.set()

    task = asyncio.create_task(run_in_own_thread(work))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert not ended.is_set()
    gate.set()
    assert ended.wait(20)
