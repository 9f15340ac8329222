"""Proxies of one customer that stop answering delay no other customer's code."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from tests.wire.product import Product, Simulator, wait_for

NUMBERS = 8  # as many as the gateway starts at once


class Stranger:
    """Another customer, whose numbers all go through one proxy."""

    def __init__(self, product: Product, simulator: Simulator) -> None:
        names = [f"Berth {number}" for number in range(NUMBERS)]
        made = product.create_customer("charlie@example.com", "Elsewhere", *names)
        self.product, self.key = product, str(made["api_key"])
        self.proxy = simulator.ask("POST", "/api/proxies", {})
        self.sessions = [self._create(str(one["id"])) for one in made["locations"]]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.product.api(method, path, body, self.key)
        assert status < 400, answer
        return answer

    def _create(self, location: str) -> str:
        proxy = {"scheme": "socks5", "host": self.proxy["host"], "port": self.proxy["port"]}
        made = self.call("POST", "sessions/", {"location": location, "proxy": proxy})
        return str(made["id"])

    def statuses(self) -> list[str]:
        return [self.call("GET", f"sessions/{session}/")["status"] for session in self.sessions]


@pytest.fixture
def stranger(product: Product, simulator: Simulator) -> Iterator[Stranger]:
    created = Stranger(product, simulator)
    yield created
    for session in created.sessions:
        created.call("POST", f"sessions/{session}/unlink/")
    simulator.ask("DELETE", f"/api/proxies/{created.proxy['name']}")


def engines(product: Product) -> tuple[str, dict[bool, int]]:
    """The time of the last heartbeat, and the starts in direct and in proxied engines."""
    with closing(sqlite3.connect(product.folder / "pairline.sqlite3")) as database:
        columns = "heartbeat_at, engines FROM sessions_app_gateway ORDER BY heartbeat_at DESC"
        at, text = database.execute(f"SELECT {columns}").fetchone()
    starts = {False: 0, True: 0}
    for engine in json.loads(text):
        starts[engine["proxied"]] += engine["starts"]
    return str(at), starts


def starts_after(product: Product, moment: str) -> dict[bool, int]:
    """The starts as reported by the second heartbeat after ``moment``."""
    first = wait_for(lambda: engines(product)[0] > moment and engines(product)[0], "a heartbeat")
    wait_for(lambda: engines(product)[0] > str(first), "another heartbeat")
    return engines(product)[1]


def test_it_shows_a_code_while_others_proxies_are_silent(
    product: Product, simulator: Simulator, stranger: Stranger
) -> None:
    wait_for(lambda: stranger.statuses() == ["qr"] * NUMBERS, "codes through the proxy")
    before = starts_after(product, engines(product)[0])
    simulator.ask("POST", f"/api/proxies/{stranger.proxy['name']}", {"state": "silent"})
    for session in stranger.sessions:
        stranger.call("POST", f"sessions/{session}/restart/")
    wait_for(lambda: "qr" not in stranger.statuses(), "the new attempts to begin")

    mine = product.create_session()
    product.until(mine, status="qr")

    after = starts_after(product, engines(product)[0])
    assert before[True] >= NUMBERS
    assert after[True] == before[True], "a silent proxy got to an engine"
    assert after[False] > before[False]
    assert "qr" not in stranger.statuses()
    product.api("POST", f"sessions/{mine}/unlink/")
