"""Rows about pages of an account with 500 locations, 1,000 sessions and 100,000 messages."""

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
from bench.progress import counted, show_step
from bench.table import Criterion, Row
from bench.testbed import fresh_testbed
from tests.wire.product import EMAIL, PATIENCE_SECONDS, PROJECT, Product

PAGE_MS, PAGE_KB, SEEN_MS = 100.0, 150.0, 300.0
QUIET_SECONDS = 0.7  # between two changes, so that they are not shown together
OVERVIEW, NUMBERS = "/", "/numbers/?sort=since"


def pages(runs: int) -> list[Row]:
    """Measure the server time and size of two pages, and how soon a browser shows a change."""
    with fresh_testbed() as testbed:
        product, _ = testbed.start_product()
        show_step("seeding an account: 500 locations, 1,000 sessions, 100,000 messages")
        fill(product, EMAIL)
        return asyncio.run(_measure(product, runs))


def fill(product: Product, email: str, *options: str) -> dict[str, Any]:
    """Seed the product's database. See ``bench.seed`` for the options and the output."""
    completed = subprocess.run(
        [sys.executable, "-m", "bench.seed", "--email", email, *options],
        cwd=PROJECT,
        env=product.environment,
        check=True,
        capture_output=True,
        text=True,
    )
    result: dict[str, Any] = json.loads(completed.stdout)
    return result


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
        Row("seen", "status change → seen elsewhere", "ms", seen, [], Criterion.P95, SEEN_MS),
    ]


Reading = tuple[float, float]
"""Milliseconds until the whole page was received, and its size in kB (1000 bytes)."""


async def _read(browser: Browser, path: str, runs: int) -> list[Reading]:
    await browser.page(path)  # compiles the templates, once for each process
    readings = []
    for _ in counted(f"reading {path}", runs):
        began = time.monotonic()
        html = await browser.page(path)
        readings.append(((time.monotonic() - began) * 1000, len(html.encode()) / 1000))
    return readings


def _time(name: str, what: str, readings: list[Reading]) -> Row:
    return Row(name, what, "ms", [ms for ms, _ in readings], [], Criterion.P95, PAGE_MS)


def _size(name: str, what: str, readings: list[Reading]) -> Row:
    return Row(name, what, "kB", [kb for _, kb in readings], [], Criterion.WORST, PAGE_KB)


async def _changes(browser: Browser, product: Product, runs: int) -> list[float]:
    """Return the milliseconds from the time in the session's row until another browser received
    the fragment with the new status."""
    session, _ = await asyncio.to_thread(product.link)
    linked = product.snapshot(session)
    location, name = linked["location"], urllib.parse.quote(linked["location_name"])
    times = []
    async with browser.follow(f"/ws/numbers/?q={name}") as socket:
        for number in counted("following a change", runs):
            await asyncio.sleep(QUIET_SECONDS)
            action, status = (("stop", "disconnected"), ("restart", "ready"))[number % 2]
            product.api("POST", f"sessions/{session}/{action}/")
            received = await _until(socket, f'id="row-{location}"', _SHOWN[status])
            times.append((received - _since(product.snapshot(session))) * 1000)
    return times


_SHOWN = {"disconnected": ">Disconnected<", "ready": ">Ready<"}


def _since(snapshot: dict[str, Any]) -> float:
    return datetime.fromisoformat(snapshot["since"]).timestamp()


async def _until(socket: Any, row: str, shown: str) -> float:
    """Wait for a fragment in which ``row`` contains ``shown``, and return the time."""
    while True:
        text: str = await socket.receive_str(timeout=PATIENCE_SECONDS)
        if row in text and shown in text.split(row, 1)[1].split("</div>", 1)[0]:
            return time.time()
