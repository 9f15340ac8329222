"""The row about sending: from the request until the text is on the other phone."""

from __future__ import annotations

import time

from bench.bare import BareNeonize
from bench.http_client import PhoneMonitor, ProductApi
from bench.links import MS
from bench.progress import counted
from bench.table import Criterion, Row
from bench.testbed import fresh_testbed


def send(runs: int) -> list[Row]:
    """Send texts one after another, with a pause in between. The first one does not count."""
    pairline, bare_ms = [], []
    with fresh_testbed() as testbed:
        product, api = testbed.start_product()
        session, _ = product.link()
        bare = testbed.start_bare()
        client, _ = testbed.link_bare(bare)
        phone = testbed.simulator.new_phone()
        monitor = PhoneMonitor(testbed.simulator, phone)
        testbed.cleanup.callback(monitor.close)
        for number in counted("send → at the phone: bare, API", runs + 1):
            bare_ms.append(_bare_text(bare, client, phone, monitor, f"bare {number}") * MS)
            pairline.append(_api_text(api, session, phone, monitor, f"api {number}") * MS)
    what = "Send: API call → at the other phone"
    pairs = pairline[1:], bare_ms[1:]
    return [Row("send", what, "ms", *pairs, Criterion.MEDIAN, 40, above_bare=True)]


def _bare_text(
    bare: BareNeonize, client: str, phone: str, monitor: PhoneMonitor, text: str
) -> float:
    began = bare.send(client, phone, text)
    seconds = monitor.arrival(text) - began
    time.sleep(0.05)  # keeps the receipts of this text out of the next measurement
    return seconds


def _api_text(api: ProductApi, session: str, phone: str, monitor: PhoneMonitor, text: str) -> float:
    began = time.monotonic()
    message = api.request(
        "POST", f"/api/v1/sessions/{session}/messages/", {"to": phone, "text": text}
    )
    seconds = monitor.arrival(text) - began
    assert message["status"] == "queued"
    time.sleep(0.05)  # as above
    return seconds
