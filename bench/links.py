"""Rows about linking: the time to a QR code (one and 50 at once), and from its scan to ready."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from bench.bare import BareEnded, BareNeonize
from bench.browser import Browser
from bench.http_client import ProductApi, poll
from bench.progress import counted, show_step
from bench.table import Criterion, Row
from bench.testbed import Testbed, fresh_testbed
from tests.wire.product import Product, Simulator

MS = 1000.0
AT_ONCE = 50
FIFTY_RUNS = 3


def _has_code(row: dict[str, Any]) -> bool:
    return row["qr"] is not None


def _is_ready(row: dict[str, Any]) -> bool:
    return bool(row["status"] == "ready")


def qr(runs: int) -> list[Row]:
    """Measure from *Create connection* to the QR code, in the API and on the page."""
    api_ms, page_ms, bare_ms = [], [], []
    with fresh_testbed() as testbed, asyncio.Runner() as loop:
        product, api = testbed.start_product()
        bare = testbed.start_bare()
        location = product.next_location()
        browser = loop.run(Browser.open(product))
        for _ in counted("create → QR: bare, API, page", runs):
            bare_ms.append(_bare_code(testbed, bare) * MS)
            api_ms.append(_api_code(api, location) * MS)
            seconds, session = loop.run(browser.create(location))
            page_ms.append(seconds * MS)
            api.unlink(session)
        loop.run(browser.close())
    what = "Create connection → QR visible"
    return [
        Row("qr-api", f"{what} in the API", "ms", api_ms, bare_ms, Criterion.P95, 500),
        Row("qr-page", f"{what} on the page", "ms", page_ms, bare_ms, Criterion.P95, 500),
    ]


def _bare_code(testbed: Testbed, bare: BareNeonize) -> float:
    client = testbed.new_client()
    began = bare.start(client)
    return float(bare.wait("QR", client)["at"]) - began


def _api_code(api: ProductApi, location: str) -> float:
    began, session = api.create(location)
    seen, _ = api.until(session, _has_code)
    api.unlink(session)
    return seen - began


def fifty(runs: int) -> list[Row]:
    """Create 50 sessions at once, each with its own client, until the last QR code is visible."""
    pairline, bare = [], []
    for _ in counted(f"{AT_ONCE} created at once", min(runs, FIFTY_RUNS)):
        with fresh_testbed() as testbed:
            bare += _bare_fifty(testbed)
        with fresh_testbed() as testbed:
            product, api = testbed.start_product()
            pairline.append(_fifty_codes(product, api))
    what = f"{AT_ONCE} created at once → the last QR in the API"
    return [Row("fifty", what, "s", pairline, bare, Criterion.WORST, 5)]


def _bare_fifty(testbed: Testbed) -> list[float]:
    bare = testbed.start_bare()
    clients = [testbed.new_client() for _ in range(AT_ONCE)]
    try:
        began = min([bare.start(client) for client in clients])
        seen: list[float] = [bare.wait("QR", client)["at"] for client in clients]
        return [max(seen) - began]
    except BareEnded as ended:
        show_step(f"bare neonize crashed with {AT_ONCE} starts at once: {ended}")
        return []


def _fifty_codes(product: Product, api: ProductApi) -> float:
    """Create sessions with one client each, then read each session until it has a code."""
    locations = [product.next_location() for _ in range(AT_ONCE)]
    clients = [ProductApi(product) for _ in locations]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        created = list(pool.map(ProductApi.create, clients, locations))
    for client in clients:
        client.close()
    waiting = deque(session for _, session in created)
    seen = 0.0
    while waiting:  # one of them every 10 ms: as if each polled twice a second
        seen, found = poll(lambda: _read_next(api, waiting), _has_code, f"{len(waiting)} QRs")
        waiting.remove(found["id"])
    began: float = min(began for began, _ in created)
    return seen - began


def _read_next(api: ProductApi, sessions: deque[str]) -> dict[str, Any]:
    """Read the next session, and move it to the end of the queue."""
    sessions.rotate(-1)
    return api.session(sessions[-1])


def scan(runs: int) -> list[Row]:
    """Measure from the scan to ready: the event of bare neonize, and the status in the API."""
    pairline, bare_ms = [], []
    with fresh_testbed() as testbed:
        product, api = testbed.start_product()
        bare = testbed.start_bare()
        location = product.next_location()
        for _ in counted("scan → ready: bare, API", runs):
            bare_ms.append(_bare_scan(testbed, bare) * MS)
            pairline.append(_api_scan(testbed.simulator, api, location) * MS)
    what = "Scan → ready in the API"
    return [Row("scan", what, "ms", pairline, bare_ms, Criterion.MEDIAN, 250, above_bare=True)]


def _bare_scan(testbed: Testbed, bare: BareNeonize) -> float:
    client = testbed.new_client()
    bare.start(client)
    with _scanning(testbed.simulator, bare.wait("QR", client)["text"]) as began:
        connected: float = bare.wait("Connected", client)["at"]
        return connected - began()


def _api_scan(simulator: Simulator, api: ProductApi, location: str) -> float:
    _, session = api.create(location)
    _, shown = api.until(session, _has_code)
    with _scanning(simulator, shown["qr"]["text"]) as began:
        seen, _ = api.until(session, _is_ready)
        seconds = seen - began()
    api.unlink(session)
    return seconds


@contextmanager
def _scanning(simulator: Simulator, code: str) -> Iterator[Callable[[], float]]:
    """Scan on a thread. Yield a function that returns the time of the scan."""
    began = time.monotonic()
    phone = threading.Thread(target=simulator.scan, args=(code,))
    phone.start()
    yield lambda: began
    phone.join()
