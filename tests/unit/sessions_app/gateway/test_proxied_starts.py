"""A silent proxy delays only its own number: no start slot and no engine wait for it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pytest_django import Settings

from sessions_app.engine import engine_events as engine
from sessions_app.engine.protocol import EngineKind
from sessions_app.gateway.account_turns import AccountTurns
from sessions_app.gateway.ports import ProxyUnusable, SessionState
from sessions_app.gateway.start_queue import PROXIED_STARTS_AN_ACCOUNT, StartQueue
from sessions_app.lifecycle import Event, Reason, Status, Wanted
from sessions_app.store.route_check import CHECKS_AN_ACCOUNT, ProxyRoutes
from tests.unit.sessions_app.gateway.situations import JID, make_state
from tests.unit.sessions_app.gateway.test_engine_rules import PHONE
from tests.unit.sessions_app.gateway.test_session_actor import PATIENCE, Stage, until


@pytest.fixture
def silent(settings: Settings) -> Iterator[str]:
    """The URL of a proxy that accepts connections and never answers."""
    settings.DEBUG, settings.WHATSAPP_SIMULATOR = True, ""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"socks5://127.0.0.1:{listener.getsockname()[1]}"


def fresh_state(**columns: Any) -> SessionState:
    now = datetime.now(UTC)
    columns = {"jid": "", "attempt": 0, "status": Status.INITIALIZING, "wanted_at": now} | columns
    return make_state(**{"id": uuid4(), **columns})


async def test_it_starts_others_while_a_proxy_is_silent(tmp_path: Path, silent: str) -> None:
    queue, routes = StartQueue(1), ProxyRoutes()
    waiting = [Stage(tmp_path, fresh_state(), queue, routes) for _ in range(24)]
    for stage in waiting:
        stage.row.proxy = silent
    tasks = [stage.start() for stage in waiting]
    await until(lambda: all(stage.row.events == [Event.START] for stage in waiting))
    other = Stage(tmp_path, fresh_state(account_id=uuid4()), queue, routes)

    tasks.append(other.start())
    await other.engine()

    assert not any(stage.engines.reserved for stage in waiting)
    for task in tasks:
        task.cancel()


async def test_it_stops_a_number_whose_proxy_is_silent(tmp_path: Path, silent: str) -> None:
    stage = Stage(tmp_path, fresh_state(), routes=ProxyRoutes())
    stage.row.proxy = silent
    task = stage.start()
    await until(lambda: stage.row.events == [Event.START])

    stage.row.state = replace(stage.row.state, wanted=Wanted.STOPPED)
    stage.actor.recheck()

    assert await asyncio.wait_for(task, PATIENCE)
    assert stage.row.events == [Event.START, Event.STOPPED]
    assert stage.engines.reserved == []


async def test_it_keeps_waiting_if_the_wish_is_the_same(tmp_path: Path, silent: str) -> None:
    stage = Stage(tmp_path, fresh_state(), routes=ProxyRoutes())
    stage.row.proxy = silent
    task = stage.start()
    await until(lambda: stage.row.events == [Event.START])

    stage.actor.recheck()
    await asyncio.sleep(0.05)

    assert not task.done()
    assert stage.row.events == [Event.START]
    task.cancel()


async def test_it_reports_a_proxy_before_any_engine_starts(
    tmp_path: Path, settings: Settings
) -> None:
    settings.DEBUG, settings.WHATSAPP_SIMULATOR = True, ""
    stage = Stage(tmp_path, fresh_state(), routes=ProxyRoutes())
    stage.row.proxy = "http://127.0.0.1:1"  # nothing listens there
    task = stage.start()

    await until(lambda: Event.PROXY_FAILED in stage.row.events)

    assert stage.row.state.reason is Reason.PROXY_FAILED
    assert stage.engines.reserved == []
    task.cancel()


async def test_it_gives_proxied_starts_places_by_account() -> None:
    queue, greedy, other = StartQueue(8, hold_seconds=PATIENCE), uuid4(), uuid4()
    for _ in range(PROXIED_STARTS_AN_ACCOUNT):
        await queue.enter_proxied(greedy)
    third = asyncio.create_task(queue.enter_proxied(greedy))

    leave = await asyncio.wait_for(queue.enter_proxied(other), PATIENCE)
    await asyncio.wait_for(queue.enter(), PATIENCE)
    await asyncio.sleep(0)

    assert not third.done()
    leave()
    third.cancel()


async def test_it_uses_no_direct_place_for_proxied_starts() -> None:
    queue = StartQueue(1, hold_seconds=PATIENCE)
    await queue.enter_proxied(uuid4())

    leave = await asyncio.wait_for(queue.enter(), PATIENCE)
    leave()


async def test_it_paces_the_restarts_of_a_session() -> None:
    loop, session = asyncio.get_running_loop(), uuid4()
    queue = StartQueue(1, restart_seconds=0.2)
    await queue.pace(session)
    began = loop.time()

    await asyncio.wait_for(queue.pace(uuid4()), PATIENCE)
    await queue.pace(session)

    assert loop.time() - began >= 0.19


async def test_it_forgets_accounts_without_turns() -> None:
    turns = AccountTurns(1)
    async with turns.hold("a"):
        waiting = asyncio.create_task(turns.enter("a"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert turns.accounts == 1

    assert turns.accounts == 0


async def test_it_bounds_simultaneous_checks_of_an_account(silent: str) -> None:
    routes, greedy = ProxyRoutes(), uuid4()
    checks = [asyncio.create_task(routes.verify(greedy, silent)) for _ in range(CHECKS_AN_ACCOUNT)]
    await asyncio.sleep(0.05)

    with pytest.raises(ProxyUnusable):  # another account's check is not behind them
        await asyncio.wait_for(routes.verify(uuid4(), "http://127.0.0.1:1"), PATIENCE)

    assert not any(check.done() for check in checks)
    for check in checks:
        check.cancel()


async def test_it_moves_a_connected_client_without_another_check(
    tmp_path: Path, silent: str
) -> None:
    """The client's own connection proves that the proxy works, and a check would delay events."""
    stage = Stage(tmp_path, fresh_state())
    stage.row.proxy = silent
    task = stage.start()
    linking = await stage.engine()
    stage.check_routes(ProxyRoutes())

    linking.report(engine.PairSuccess(JID, PHONE))
    linking.report(engine.Connected(JID, PHONE))

    running = await stage.engine(2)
    assert (running.kind, running.proxied) == (EngineKind.RUNNING, True)
    task.cancel()


async def test_it_tries_a_new_proxy_before_a_move(tmp_path: Path, silent: str) -> None:
    stage = Stage(tmp_path, fresh_state())
    task = stage.start()
    linking = await stage.engine()
    stage.check_routes(ProxyRoutes())
    stage.row.proxy = silent

    linking.report(engine.PairSuccess(JID, PHONE))
    linking.report(engine.Connected(JID, PHONE))
    await until(lambda: Event.CONNECTED in stage.row.events)
    await asyncio.sleep(0.05)

    assert len(stage.engines.reserved) == 1
    task.cancel()
