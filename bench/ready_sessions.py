"""Rows about 100 ready sessions: their resource usage, and their recovery from a drop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from bench.bare import BareEnded, BareNeonize
from bench.http_client import ProductApi, poll
from bench.links import MS
from bench.processes import Memory, cpu_percent, memory, process_tree
from bench.progress import counted, show_step
from bench.table import Criterion, Row
from bench.testbed import Testbed, fresh_testbed
from tests.wire.product import Product, Simulator

SESSIONS = 100
SETTLE_SECONDS = 10.0
IDLE_SECONDS = 30.0
DROPS_OF_ALL = 3
BARE_ATTEMPTS = 3
DROPS = ("close", "reset")


@dataclass
class ReadySessions:
    """100 connected numbers of one side, (name, E.164) each, and their measurements."""

    linked: list[tuple[str, str]]
    memory: Memory
    cpu: float
    one_ms: list[float] = field(default_factory=list)
    all_ms: list[float] = field(default_factory=list)

    @classmethod
    def link_all(cls, side: str, pid: int, link: Callable[[], tuple[str, str]]) -> ReadySessions:
        """Link the numbers, wait, and measure memory and CPU of the process and its children."""
        linked = [link() for _ in counted(f"{side}: link a number", SESSIONS)]
        show_step(f"{side}: idle for {SETTLE_SECONDS + IDLE_SECONDS:g} s")
        time.sleep(SETTLE_SECONDS)  # linking leaves work behind that is not idle load
        members = process_tree(pid)
        return cls(linked, memory(members), cpu_percent(members, IDLE_SECONDS))

    def drop(self, runs: int, one: Callable[[str, str], float], all_: Callable[[], float]) -> None:
        """Measure the recovery of one number at a time, then of all at once."""
        several = zip(counted("drop one", runs), cycle(self.linked), strict=False)
        self.one_ms = [one(*linked) * MS for _, linked in several]
        self.all_ms = [all_() * MS for _ in counted("drop all", min(runs, DROPS_OF_ALL))]


def ready_sessions(runs: int) -> list[Row]:
    """Measure both sides one after the other, each with a simulator of its own."""
    bare = _bare_sessions(runs)
    with fresh_testbed() as testbed:
        ours = _our_sessions(testbed, runs)
    took, ready = ours.memory, f"{SESSIONS} ready sessions"
    note = f"RSS {took.rss:.0f} MB ({took.processes}); PSS {took.pss:.0f} MB"
    again, all_ = "Server drop → ready again in the API", f"The same, {SESSIONS} at once, the last"
    one_ms, all_ms = (bare.one_ms, bare.all_ms) if bare else ([], [])
    rss, cpu = ([bare.memory.rss], [bare.cpu]) if bare else ([], [])
    memory_row = f"Memory (RSS) of all processes, {ready}"
    worst = Criterion.WORST
    return [
        Row("drop-one", again, "ms", ours.one_ms, one_ms, Criterion.P95, 1000),
        Row("drop-all", all_, "ms", ours.all_ms, all_ms, worst, 1000),
        Row("memory", memory_row, "MB", [took.rss], rss, worst, 400, note=note),
        Row("cpu", f"Idle CPU, {ready}", "%", [ours.cpu], cpu, worst, 10),
    ]


def _bare_sessions(runs: int) -> ReadySessions | None:
    """Measure 100 clients in one process of bare neonize. None if it crashes every time."""
    for _ in range(BARE_ATTEMPTS):
        try:
            with fresh_testbed() as testbed:
                return _one_bare_run(testbed, runs)
        except BareEnded as ended:
            show_step(f"bare neonize crashed with {SESSIONS} clients: {ended}")
    return None


def _one_bare_run(testbed: Testbed, runs: int) -> ReadySessions:
    bare = testbed.start_bare()
    measured = ReadySessions.link_all("bare neonize", bare.pid, lambda: testbed.link_bare(bare))
    bare.check()
    kinds = cycle(DROPS)

    def recover(clients: list[str], number: str | None) -> float:
        mark = bare.mark()
        began = _drop(testbed.simulator, next(kinds), number)
        return max(_connected_at(bare, client, mark) for client in clients) - began

    clients = [client for client, _ in measured.linked]
    measured.drop(
        runs, lambda client, number: recover([client], number), lambda: recover(clients, None)
    )
    return measured


def _connected_at(bare: BareNeonize, client: str, mark: int) -> float:
    at: float = bare.wait("Connected", client, mark)["at"]
    return at


def _our_sessions(testbed: Testbed, runs: int) -> ReadySessions:
    product, api = testbed.start_product()
    process = product.process
    assert process is not None
    measured = ReadySessions.link_all(
        "Pairline", process.pid, lambda: _link(testbed.simulator, product, api)
    )
    kinds = cycle(DROPS)

    def one(session: str, number: str) -> float:
        version = api.session(session)["version"]
        began = _drop(testbed.simulator, next(kinds), number)
        seen, _ = api.until(session, lambda row: _is_back(row, version))
        return seen - began

    def all_() -> float:
        versions = {row["id"]: row["version"] for row in _ready(api)}
        assert len(versions) == SESSIONS, f"{len(versions)} sessions are ready"
        began = _drop(testbed.simulator, next(kinds), None)
        seen, _ = poll(lambda: _ready(api), lambda rows: _are_back(rows, versions), "all")
        return seen - began

    measured.drop(runs, one, all_)
    return measured


def _link(simulator: Simulator, product: Product, api: ProductApi) -> tuple[str, str]:
    _, session = api.create(product.next_location())
    _, shown = api.until(session, lambda row: row["qr"] is not None)
    number = str(simulator.scan(shown["qr"]["text"])["number"])
    api.until(session, lambda row: bool(row["status"] == "ready"))
    return session, number


def _drop(simulator: Simulator, kind: str, number: str | None) -> float:
    """Drop the connection of one number or all, and return the time of the request."""
    began = time.monotonic()
    simulator.fault(kind, **({"number": number} if number else {}))
    return began


def _ready(api: ProductApi) -> list[dict[str, Any]]:
    return [row for row in api.all_sessions() if row["status"] == "ready"]


def _is_back(row: dict[str, Any], version: int) -> bool:
    """Return whether the session has recovered. A drop may end between two polls, but it always
    increases the version."""
    return bool(row["status"] == "ready" and row["version"] > version)


def _are_back(rows: list[dict[str, Any]], versions: dict[str, int]) -> bool:
    return sum(_is_back(row, versions[row["id"]]) for row in rows) == len(versions)
