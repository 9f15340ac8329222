"""Pages of a large account: 500 locations, 1,000 sessions, 100,000 messages, one person looking."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import urllib.parse
from datetime import datetime
from typing import Any

from bench.browser import Browser
from bench.progress import counted, say
from bench.table import Judged, Row
from bench.world import fresh_world
from tests.wire.product import EMAIL, PATIENCE_SECONDS, PROJECT, Product

PAGE_MS, PAGE_KB, SEEN_MS = 100.0, 150.0, 300.0
QUIET_SECONDS = 0.7  # between two changes: each is seen on its own, not with the one before
OVERVIEW, NUMBERS = "/", "/numbers/?sort=since"


def pages(runs: int) -> list[Row]:
    """Server time and size of the two pages, and how soon another browser sees a change."""
    with fresh_world() as world:
        product, _ = world.start_product()
        say("filling an account: 500 locations, 1,000 sessions, 100,000 messages")
        fill(product, EMAIL)
        return asyncio.run(_measure(product, runs))


def fill(product: Product, email: str, *options: str) -> dict[str, Any]:
    """Seed the product's database; see ``bench.seeding`` for the options and what it tells."""
    told = subprocess.run(
        [sys.executable, "-m", "bench.seeding", "--email", email, *options],
        cwd=PROJECT,
        env=product.environment,
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(told.stdout)
    return found


async def _measure(product: Product, runs: int) -> list[Row]:
    browser = await Browser.open(product)
    try:
        overview = await _read(browser, OVERVIEW, runs)
        numbers = await _read(browser, NUMBERS, runs)
        seen = await _changes(browser, product, runs)
    finally:
        await browser.close()
    return [
        _time("overview", "overview, server time", overview),
        _time("numbers", "list of numbers, server time", numbers),
        _size("overview-size", "overview, size", overview),
        _size("numbers-size", "list of numbers, size", numbers),
        Row("seen", "status change → seen elsewhere", "ms", seen, [], Judged.P95, SEEN_MS),
    ]


Reading = tuple[float, float]
"""Milliseconds until the whole page was there, and its size in kB (of 1000 bytes)."""


async def _read(browser: Browser, path: str, runs: int) -> list[Reading]:
    await browser.page(path)  # templates are compiled once in a process's life
    readings = []
    for _ in counted(f"reading {path}", runs):
        began = time.monotonic()
        html = await browser.page(path)
        readings.append(((time.monotonic() - began) * 1000, len(html.encode()) / 1000))
    return readings


def _time(name: str, what: str, readings: list[Reading]) -> Row:
    return Row(name, what, "ms", [ms for ms, _ in readings], [], Judged.P95, PAGE_MS)


def _size(name: str, what: str, readings: list[Reading]) -> Row:
    return Row(name, what, "kB", [kb for _, kb in readings], [], Judged.WORST, PAGE_KB)


async def _changes(browser: Browser, product: Product, runs: int) -> list[float]:
    """Milliseconds from the moment that the gateway noted in the row until the fragment with
    the new status was in another browser, by the same clock."""
    session, _ = await asyncio.to_thread(product.link)
    linked = product.snapshot(session)
    place, name = linked["location"], urllib.parse.quote(linked["location_name"])
    times = []
    async with browser.follow(f"/ws/numbers/?q={name}") as socket:
        for turn in counted("following a change", runs):
            await asyncio.sleep(QUIET_SECONDS)
            wish, status = (("stop", "disconnected"), ("restart", "ready"))[turn % 2]
            product.api("POST", f"sessions/{session}/{wish}/")
            received = await _until(socket, f'id="row-{place}"', _SHOWN[status])
            times.append((received - _since(product.snapshot(session))) * 1000)
    return times


_SHOWN = {"disconnected": ">Disconnected<", "ready": ">Ready<"}


def _since(snapshot: dict[str, Any]) -> float:
    return datetime.fromisoformat(snapshot["since"]).timestamp()


async def _until(socket: Any, row: str, shown: str) -> float:
    """When the socket told the row with what is to be ``shown``."""
    while True:
        text: str = await socket.receive_str(timeout=PATIENCE_SECONDS)
        if row in text and shown in text.split(row, 1)[1].split("</div>", 1)[0]:
            return time.time()
