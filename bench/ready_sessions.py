"""Rows about a hundred ready sessions: what they take, and how they come back from a drop."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any

from bench.bare import Bare, BareEnded
from bench.door import Api, poll
from bench.linking import MS
from bench.processes import Memory, cpu_percent, family, memory
from bench.progress import counted, say
from bench.table import Judged, Row
from bench.world import World, fresh_world
from tests.wire.product import Product, Simulator

SESSIONS = 100
SETTLE_SECONDS = 10.0
IDLE_SECONDS = 30.0
DROPS_OF_ALL = 3
BARE_LIVES = 3
DROPS = ("close", "reset")


@dataclass
class Crowd:
    """A hundred connected numbers of one side, (name, E.164) each, and what is known of them."""

    linked: list[tuple[str, str]]
    memory: Memory
    cpu: float
    one_ms: list[float] = field(default_factory=list)
    all_ms: list[float] = field(default_factory=list)

    @classmethod
    def gather(cls, side: str, pid: int, link: Callable[[], tuple[str, str]]) -> Crowd:
        """Link them, let them rest, and measure what the process and its children take."""
        linked = [link() for _ in counted(f"{side}: link a number", SESSIONS)]
        say(f"{side}: idle for {SETTLE_SECONDS + IDLE_SECONDS:g} s")
        time.sleep(SETTLE_SECONDS)  # what linking left to be done is not idleness
        members = family(pid)
        return cls(linked, memory(members), cpu_percent(members, IDLE_SECONDS))

    def drop(self, runs: int, one: Callable[[str, str], float], all_: Callable[[], float]) -> None:
        """Measure the way back: of one number at a time, then of all at once."""
        several = zip(counted("drop one", runs), cycle(self.linked), strict=False)
        self.one_ms = [one(*linked) * MS for _, linked in several]
        self.all_ms = [all_() * MS for _ in counted("drop all", min(runs, DROPS_OF_ALL))]


def crowd(runs: int) -> list[Row]:
    """Both sides one after the other, each alone on a simulator of its own."""
    bare = _bare_crowd(runs)
    with fresh_world() as world:
        ours = _our_crowd(world, runs)
    took, ready = ours.memory, f"{SESSIONS} ready sessions"
    note = f"RSS {took.rss:.0f} MB ({took.processes}); PSS {took.pss:.0f} MB"
    again, all_ = "Server drop → ready again in the API", f"The same, {SESSIONS} at once, the last"
    one_ms, all_ms = (bare.one_ms, bare.all_ms) if bare else ([], [])
    rss, cpu = ([bare.memory.rss], [bare.cpu]) if bare else ([], [])
    memory_row = f"Memory (RSS) of all processes, {ready}"
    worst = Judged.WORST
    return [
        Row("drop-one", again, "ms", ours.one_ms, one_ms, Judged.P95, 1000),
        Row("drop-all", all_, "ms", ours.all_ms, all_ms, worst, 1000),
        Row("memory", memory_row, "MB", [took.rss], rss, worst, 400, note=note),
        Row("cpu", f"Idle CPU, {ready}", "%", [ours.cpu], cpu, worst, 10),
    ]


def _bare_crowd(runs: int) -> Crowd | None:
    """A hundred clients in one process of bare neonize; None when it dies again and again."""
    for _ in range(BARE_LIVES):
        try:
            with fresh_world() as world:
                return _one_bare_crowd(world, runs)
        except BareEnded as ended:
            say(f"bare neonize died with {SESSIONS} clients: {ended}")
    return None


def _one_bare_crowd(world: World, runs: int) -> Crowd:
    bare = world.start_bare()
    measured = Crowd.gather("bare neonize", bare.pid, lambda: world.link_bare(bare))
    bare.check()
    kinds = cycle(DROPS)

    def back(clients: list[str], number: str | None) -> float:
        mark = bare.mark()
        began = _strike(world.simulator, next(kinds), number)
        return max(_connected_at(bare, client, mark) for client in clients) - began

    clients = [client for client, _ in measured.linked]
    measured.drop(runs, lambda client, number: back([client], number), lambda: back(clients, None))
    return measured


def _connected_at(bare: Bare, client: str, mark: int) -> float:
    at: float = bare.wait("Connected", client, mark)["at"]
    return at


def _our_crowd(world: World, runs: int) -> Crowd:
    product, api = world.start_product()
    process = product.process
    assert process is not None
    measured = Crowd.gather("Pairline", process.pid, lambda: _link(world.simulator, product, api))
    kinds = cycle(DROPS)

    def one(session: str, number: str) -> float:
        version = api.session(session)["version"]
        began = _strike(world.simulator, next(kinds), number)
        seen, _ = api.until(session, lambda row: _is_back(row, version))
        return seen - began

    def all_() -> float:
        versions = {row["id"]: row["version"] for row in _ready(api)}
        assert len(versions) == SESSIONS, f"{len(versions)} sessions are ready"
        began = _strike(world.simulator, next(kinds), None)
        seen, _ = poll(lambda: _ready(api), lambda rows: _are_back(rows, versions), "all")
        return seen - began

    measured.drop(runs, one, all_)
    return measured


def _link(simulator: Simulator, product: Product, api: Api) -> tuple[str, str]:
    _, session = api.create(product.next_location())
    _, shown = api.until(session, lambda row: row["qr"] is not None)
    number = str(simulator.scan(shown["qr"]["text"])["number"])
    api.until(session, lambda row: bool(row["status"] == "ready"))
    return session, number


def _strike(simulator: Simulator, kind: str, number: str | None) -> float:
    """Drop one number's connection or all; when it was asked for."""
    began = time.monotonic()
    simulator.fault(kind, **({"number": number} if number else {}))
    return began


def _ready(api: Api) -> list[dict[str, Any]]:
    return [row for row in api.every_session() if row["status"] == "ready"]


def _is_back(row: dict[str, Any], version: int) -> bool:
    """Ready again: a drop may be over before anybody sees it, but it makes new versions."""
    return bool(row["status"] == "ready" and row["version"] > version)


def _are_back(rows: list[dict[str, Any]], versions: dict[str, int]) -> bool:
    return sum(_is_back(row, versions[row["id"]]) for row in rows) == len(versions)
