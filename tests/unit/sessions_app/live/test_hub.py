"""Pages share renderings, and those of one account leave threads to the others."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter

from core.background.own_thread import run_in_own_thread
from sessions_app.live.hub import PAGES_AT_ONCE, Hub

PATIENCE_SECONDS = 20.0


async def test_it_renders_once_for_all_sockets_of_a_page() -> None:
    hub, rendered = Hub(read_page=run_in_own_thread), Counter[str]()

    def render() -> str:
        rendered["page"] += 1
        return "the page"

    pages = await asyncio.gather(*(hub.page("page", "account", render) for _ in range(250)))

    assert set(pages) == {"the page"}
    assert rendered["page"] == 1


async def test_it_renders_for_others_while_one_account_is_slow() -> None:
    hub, go, running = Hub(read_page=run_in_own_thread), threading.Event(), Counter[str]()
    all_run = threading.Barrier(PAGES_AT_ONCE + 1)

    def slow() -> str:
        running["slow"] += 1
        if not go.is_set():
            all_run.wait(PATIENCE_SECONDS)
            go.wait(PATIENCE_SECONDS)
        return "slow"

    waiting = [asyncio.create_task(hub.page(n, "attacker", slow)) for n in range(20)]
    await asyncio.to_thread(all_run.wait, PATIENCE_SECONDS)

    assert await hub.page("page", "victim", lambda: "quick") == "quick"
    assert running["slow"] == PAGES_AT_ONCE

    go.set()
    assert set(await asyncio.gather(*waiting)) == {"slow"}


async def test_it_checks_all_waiting_viewers_at_once() -> None:
    hub, batches = Hub(read_access=run_in_own_thread), list[int]()

    def check(viewers: object) -> dict[object, str]:
        assert isinstance(viewers, set)
        batches.append(len(viewers))
        return {viewer: f"access of {viewer}" for viewer in viewers if viewer != 7}

    found = await asyncio.gather(*(hub.access_of(check, viewer) for viewer in range(1000)))

    assert found[6:9] == ["access of 6", None, "access of 8"]
    assert batches == [1000]
