"""Rows about linking: until a QR is visible, one and fifty, and from its scan to ready."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from bench.bare import Bare, BareEnded
from bench.browser import Browser
from bench.door import Api, poll
from bench.progress import counted, say
from bench.table import Judged, Row
from bench.world import World, fresh_world
from tests.wire.product import Product, Simulator

MS = 1000.0
AT_ONCE = 50
FIFTY_RUNS = 3


def _has_code(row: dict[str, Any]) -> bool:
    return row["qr"] is not None


def _is_ready(row: dict[str, Any]) -> bool:
    return bool(row["status"] == "ready")


def qr(runs: int) -> list[Row]:
    """*Create connection* to the QR: through the API, and on the page."""
    api_ms, page_ms, bare_ms = [], [], []
    with fresh_world() as world, asyncio.Runner() as loop:
        product, api = world.start_product()
        bare = world.start_bare()
        location = product.next_location()
        browser = loop.run(Browser.open(product))
        for _ in counted("create → QR: bare, API, page", runs):
            bare_ms.append(_bare_code(world, bare) * MS)
            api_ms.append(_api_code(api, location) * MS)
            seconds, session = loop.run(browser.create(location))
            page_ms.append(seconds * MS)
            api.unlink(session)
        loop.run(browser.close())
    what = "Create connection → QR visible"
    return [
        Row("qr-api", f"{what} in the API", "ms", api_ms, bare_ms, Judged.P95, 500),
        Row("qr-page", f"{what} on the page", "ms", page_ms, bare_ms, Judged.P95, 500),
    ]


def _bare_code(world: World, bare: Bare) -> float:
    client = world.new_client()
    began = bare.start(client)
    return float(bare.wait("QR", client)["at"]) - began


def _api_code(api: Api, location: str) -> float:
    began, session = api.create(location)
    seen, _ = api.until(session, _has_code)
    api.unlink(session)
    return seen - began


def fifty(runs: int) -> list[Row]:
    """Fifty created at once, each by a client of its own, until the last QR is visible."""
    pairline, bare = [], []
    for _ in counted(f"{AT_ONCE} created at once", min(runs, FIFTY_RUNS)):
        with fresh_world() as world:
            bare += _bare_fifty(world)
        with fresh_world() as world:
            product, api = world.start_product()
            pairline.append(_fifty_codes(product, api))
    what = f"{AT_ONCE} created at once → the last QR in the API"
    return [Row("fifty", what, "s", pairline, bare, Judged.WORST, 5)]


def _bare_fifty(world: World) -> list[float]:
    bare = world.start_bare()
    clients = [world.new_client() for _ in range(AT_ONCE)]
    try:
        began = min([bare.start(client) for client in clients])
        seen: list[float] = [bare.wait("QR", client)["at"] for client in clients]
        return [max(seen) - began]
    except BareEnded as ended:
        say(f"bare neonize did not survive {AT_ONCE} starts at once: {ended}")
        return []


def _fifty_codes(product: Product, api: Api) -> float:
    """One client each creates; then each session is read until its code was seen."""
    locations = [product.next_location() for _ in range(AT_ONCE)]
    doors = [Api(product) for _ in locations]
    with ThreadPoolExecutor(AT_ONCE) as people:
        created = list(people.map(Api.create, doors, locations))
    for door in doors:
        door.close()
    waiting = deque(session for _, session in created)
    seen = 0.0
    while waiting:  # one of them every 10 ms, in turn: as if each asked twice a second
        seen, found = poll(lambda: _turn(api, waiting), _has_code, f"{len(waiting)} QRs")
        waiting.remove(found["id"])
    began: float = min(began for began, _ in created)
    return seen - began


def _turn(api: Api, sessions: deque[str]) -> dict[str, Any]:
    """The next one of ``sessions``, which goes to the end of the line."""
    sessions.rotate(-1)
    return api.session(sessions[-1])


def scan(runs: int) -> list[Row]:
    """From the scan to ready: bare neonize's event, and the API."""
    pairline, bare_ms = [], []
    with fresh_world() as world:
        product, api = world.start_product()
        bare = world.start_bare()
        location = product.next_location()
        for _ in counted("scan → ready: bare, API", runs):
            bare_ms.append(_bare_scan(world, bare) * MS)
            pairline.append(_api_scan(world.simulator, api, location) * MS)
    what = "Scan → ready in the API"
    return [Row("scan", what, "ms", pairline, bare_ms, Judged.MEDIAN, 250, above_bare=True)]


def _bare_scan(world: World, bare: Bare) -> float:
    client = world.new_client()
    bare.start(client)
    with _scanning(world.simulator, bare.wait("QR", client)["text"]) as began:
        connected: float = bare.wait("Connected", client)["at"]
        return connected - began()


def _api_scan(simulator: Simulator, api: Api, location: str) -> float:
    _, session = api.create(location)
    _, shown = api.until(session, _has_code)
    with _scanning(simulator, shown["qr"]["text"]) as began:
        seen, _ = api.until(session, _is_ready)
        seconds = seen - began()
    api.unlink(session)
    return seconds


@contextmanager
def _scanning(simulator: Simulator, code: str) -> Iterator[Callable[[], float]]:
    """A phone scans aside; gives what tells when it began to."""
    began = time.monotonic()
    phone = threading.Thread(target=simulator.scan, args=(code,))
    phone.start()
    yield lambda: began
    phone.join()
