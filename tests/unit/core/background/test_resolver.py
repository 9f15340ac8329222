"""Names whose servers do not respond delay only the account that uses them."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator

import pytest

from core.background.last_answers import LastAnswers
from core.background.resolver import NamesBusy, Resolver

PATIENCE = 30.0


class NameServer:
    """Answers at once, except for names that begin with "silent": those wait for ``respond``, or
    until they are in ``released``."""

    def __init__(self) -> None:
        self.respond = threading.Event()
        self.released: set[str] = set()
        self.asked: list[str] = []
        self.failure: OSError | None = None

    def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        if host.startswith("silent"):
            while host not in self.released and not self.respond.wait(0.005):
                pass
        if self.failure is not None:
            raise self.failure
        return ["192.0.2.1", "192.0.2.2"]


@pytest.fixture
def names() -> Iterator[NameServer]:
    server = NameServer()
    yield server
    server.respond.set()


async def wait_until_asked(names: NameServer, count: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while len(names.asked) < count:  # noqa: ASYNC110  it is asked in other threads
            await asyncio.sleep(0.005)


async def test_it_resolves_while_other_accounts_wait(names: NameServer) -> None:
    resolver = Resolver(names, of_an_account=4)
    stuck = [
        asyncio.create_task(resolver.resolve(f"silent{n}", "greedy", PATIENCE)) for n in range(24)
    ]
    await wait_until_asked(names, 4)

    assert await resolver.resolve("example.com", "other", PATIENCE) == ["192.0.2.1", "192.0.2.2"]

    assert not any(task.done() for task in stuck)
    assert len(names.asked) == 5
    names.respond.set()
    assert await asyncio.gather(*stuck) == [["192.0.2.1", "192.0.2.2"]] * 24


async def test_it_gives_up_after_its_time(names: NameServer) -> None:
    resolver = Resolver(names)

    with pytest.raises(TimeoutError):
        await resolver.resolve("silent", "a", 0.01)
    with pytest.raises(TimeoutError):
        resolver.resolve_now("silent", "a", 0.01)

    assert names.asked == ["silent"]  # the second one joined the first


async def test_it_refuses_more_than_an_account_may_queue(names: NameServer) -> None:
    resolver = Resolver(names, of_an_account=1, waiting_of_an_account=2)
    stuck = [asyncio.create_task(resolver.resolve(f"silent{n}", "a", PATIENCE)) for n in range(3)]
    await wait_until_asked(names, 1)

    with pytest.raises(NamesBusy):
        await resolver.resolve("one.too.many", "a", PATIENCE)

    assert await resolver.resolve("example.com", "b", PATIENCE)
    names.respond.set()
    await asyncio.gather(*stuck)


async def test_it_shares_its_threads_between_accounts(names: NameServer) -> None:
    """With all threads in use, the account with the fewest comes next, not the one that was first
    in the queue."""
    resolver = Resolver(names, threads=2, of_an_account=2)
    first = [asyncio.create_task(resolver.resolve(f"silent{n}", "a", PATIENCE)) for n in range(6)]
    await wait_until_asked(names, 2)
    other = asyncio.create_task(resolver.resolve("example.com", "b", PATIENCE))
    await asyncio.sleep(0)

    names.released.add(names.asked[0])
    await other

    assert names.asked[2] == "example.com"
    names.respond.set()
    await asyncio.gather(*first)


@pytest.mark.parametrize("code", [socket.EAI_AGAIN, socket.EAI_FAIL])
async def test_it_keeps_the_last_good_answer(names: NameServer, code: int) -> None:
    resolver = Resolver(names)
    good = await resolver.resolve("example.com", "a", PATIENCE)
    names.failure = socket.gaierror(code, "no answer")

    assert await resolver.resolve("example.com", "b", PATIENCE) == good
    with pytest.raises(OSError, match="no answer"):
        await resolver.resolve("never.seen", "b", PATIENCE)


async def test_it_keeps_the_answer_while_servers_are_silent(names: NameServer) -> None:
    resolver = Resolver(names)
    names.respond.set()
    good = await resolver.resolve("silent", "a", PATIENCE)
    names.respond.clear()

    assert await resolver.resolve("silent", "a", 0.01) == good


async def test_it_forgets_a_name_that_no_longer_exists(names: NameServer) -> None:
    resolver = Resolver(names)
    await resolver.resolve("example.com", "a", PATIENCE)
    names.failure = socket.gaierror(socket.EAI_NONAME, "unknown")
    with pytest.raises(socket.gaierror):
        await resolver.resolve("example.com", "a", PATIENCE)
    names.failure = socket.gaierror(socket.EAI_AGAIN, "no answer")

    with pytest.raises(OSError, match="no answer"):
        await resolver.resolve("example.com", "a", PATIENCE)


@pytest.mark.parametrize("ip", ["8.8.8.8", "2a03:2880::1"])
async def test_it_asks_no_one_about_an_address(names: NameServer, ip: str) -> None:
    resolver = Resolver(names)

    assert await resolver.resolve(ip, "a") == resolver.resolve_now(ip, "a") == [ip]
    assert names.asked == []


async def test_it_survives_a_name_that_cannot_be_encoded(names: NameServer) -> None:
    def refuse(host: str) -> list[str]:
        raise UnicodeError(host) if host == "a" * 70 else OSError(host)

    resolver = Resolver(refuse, of_an_account=1)

    with pytest.raises(UnicodeError):
        await resolver.resolve("a" * 70, "a", PATIENCE)
    with pytest.raises(OSError, match="next"):
        await resolver.resolve("next", "a", PATIENCE)


def test_it_asks_the_system_by_default() -> None:
    assert "127.0.0.1" in Resolver().resolve_now("localhost", "a", PATIENCE)


def test_it_remembers_answers_for_a_day() -> None:
    answers = LastAnswers(names=2, kept_seconds=10)
    answers.store("a", ["192.0.2.1"], now=0)
    answers.store("b", ["192.0.2.2"], now=0)
    assert answers.get("a", now=10) == ["192.0.2.1"]

    answers.store("c", ["192.0.2.3"], now=10)

    assert answers.get("b", now=10) == []  # not used for longest
    assert answers.get("a", now=11) == []  # too old
    assert answers.get("c", now=11) == ["192.0.2.3"]
    assert answers.get("never", now=11) == []
