"""The row about sending: from the order to the other phone, looked at in the same way."""

from __future__ import annotations

import time

from bench.bare import Bare
from bench.door import Api, PhoneWatch
from bench.linking import MS
from bench.progress import counted
from bench.table import Judged, Row
from bench.world import fresh_world


def send(runs: int) -> list[Row]:
    """One text after another, with a pause in between; the first to a phone does not count."""
    pairline, bare_ms = [], []
    with fresh_world() as world:
        product, api = world.start_product()
        session, _ = product.link()
        bare = world.start_bare()
        client, _ = world.link_bare(bare)
        phone = world.simulator.new_phone()
        watch = PhoneWatch(world.simulator, phone)
        world.ends.callback(watch.close)
        for number in counted("send → at the phone: bare, API", runs + 1):
            bare_ms.append(_bare_text(bare, client, phone, watch, f"bare {number}") * MS)
            pairline.append(_api_text(api, session, phone, watch, f"api {number}") * MS)
    what = "Send: API call → at the other phone"
    pairs = pairline[1:], bare_ms[1:]
    return [Row("send", what, "ms", *pairs, Judged.MEDIAN, 40, above_bare=True)]


def _bare_text(bare: Bare, client: str, phone: str, watch: PhoneWatch, text: str) -> float:
    began = bare.send(client, phone, text)
    seconds = watch.arrival(text) - began
    time.sleep(0.05)  # so that receipts of this text do not count as part of the next
    return seconds


def _api_text(api: Api, session: str, phone: str, watch: PhoneWatch, text: str) -> float:
    began = time.monotonic()
    order = api.ask("POST", f"/api/v1/sessions/{session}/messages/", {"to": phone, "text": text})
    seconds = watch.arrival(text) - began
    assert order["status"] == "queued"
    time.sleep(0.05)  # as above
    return seconds
