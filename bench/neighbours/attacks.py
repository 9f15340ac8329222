"""The attacks. Each prepares, sets ``ready``, and then goes on at full strength until cancelled."""

from __future__ import annotations

import asyncio
import itertools
import re
import socket
from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from bench.neighbours.attacker import Mallory, at_once
from bench.neighbours.listeners import slow_server

Attack = Callable[[Mallory, asyncio.Event], Coroutine[Any, Any, None]]
SILENT_CALLS, SLOW_WEBHOOKS, SILENT_STARTS, UNREAD, NAMES = 30, 240, 24, 12, 6
SOCKETS, HANDSHAKES, RESTARTS = 250, 1_000, 16
SLOW_SECONDS = 7.0


async def h1_large_deletion(mallory: Mallory, ready: asyncio.Event) -> None:
    """Delete a webhook and then the account, with a million rows below them."""
    await mallory.sign_in()
    _, webhooks = await mallory.api("GET", "webhooks/")
    ready.set()
    for webhook in webhooks["results"]:
        await mallory.api("DELETE", f"webhooks/{webhook['id']}/")
    path = f"/accounts/{mallory.target.account}/delete/"
    html = await mallory.page(path)
    await mallory.submit(path, html, name=mallory.target.account_name)
    await asyncio.Event().wait()


async def h2_silent_proxies(mallory: Mallory, ready: asyncio.Event) -> None:
    """Set proxies that accept the connection and never answer."""
    sessions = await mallory.sessions(SILENT_CALLS)
    proxy = await _proxy(mallory, "silent")
    ready.set()
    await at_once(
        SILENT_CALLS, lambda n: mallory.api("PUT", f"sessions/{sessions[n]}/proxy/", proxy)
    )


async def h3_slow_webhooks(mallory: Mallory, ready: asyncio.Event) -> None:
    """Replay the deliveries of 240 webhooks that answer 200 after seven seconds."""
    with slow_server(SLOW_SECONDS) as url:
        sessions = await _sessions_with_webhooks(mallory, url)
        ready.set()
        await asyncio.gather(
            at_once(len(sessions), lambda n: _restart(mallory, *sessions[n]), pause=1.0),
            at_once(len(sessions), lambda n: _replay_all(mallory, sessions[n][0])),
        )


async def h4_silent_starts(mallory: Mallory, ready: asyncio.Event) -> None:
    """Restart attempts through proxies that have become silent since they were checked."""
    sessions = await mallory.sessions(SILENT_STARTS)
    proxy = await _proxy(mallory, "open")
    for session in sessions:
        await mallory.api("PUT", f"sessions/{session}/proxy/", proxy)
    await mallory.simulator("POST", f"/api/proxies/{_NAMES[proxy['port']]}", {"state": "silent"})
    ready.set()
    await at_once(
        SILENT_STARTS, lambda n: mallory.api("POST", f"sessions/{sessions[n]}/restart/"), pause=0.2
    )


async def h7_unread_exports(mallory: Mallory, ready: asyncio.Event) -> None:
    """Request exports, and read neither them nor the audit log."""
    await mallory.sign_in()
    ready.set()
    html = await mallory.page("/settings/account/")
    ask = f"/accounts/{mallory.target.account}/export/"
    found = re.search(r"/exports/[0-9a-f-]+/", await mallory.submit(ask, html))
    export = f"{found[0]}file/" if found else "/settings/account/"
    paths = itertools.cycle((export, export, "/settings/audit-log/download/"))
    await at_once(UNREAD, lambda _: _leave_unread(mallory, next(paths)))


async def m3_names_without_answer(mallory: Mallory, ready: asyncio.Event) -> None:
    """Set proxies by names that no DNS server answers."""
    sessions = await mallory.sessions(NAMES)
    names = itertools.count()
    ready.set()

    async def set_proxy(number: int) -> None:
        host = f"no-answer-{next(names)}.example.com"
        body = {"scheme": "http", "host": host, "port": 8080}
        await mallory.api("PUT", f"sessions/{sessions[number]}/proxy/", body)

    await at_once(NAMES, set_proxy)


async def m4_sockets_and_handshakes(mallory: Mallory, ready: asyncio.Event) -> None:
    """Hold many sockets on one session, restart it, and open a thousand more at once."""
    await mallory.sign_in()
    (session,) = await mallory.sessions(1)
    path = f"/ws/sessions/{session}/"
    ready.set()
    await asyncio.gather(
        at_once(SOCKETS, lambda _: _hold_socket(mallory, path)),
        at_once(1, lambda _: mallory.api("POST", f"sessions/{session}/restart/"), pause=0.5),
        at_once(1, lambda _: _handshakes(mallory, path), pause=5.0),
    )


async def m10_restarts_and_bundles(mallory: Mallory, ready: asyncio.Event) -> None:
    """Restart sessions and request support bundles without a pause."""
    await mallory.sign_in()
    sessions = await mallory.sessions(RESTARTS)
    html = await mallory.page("/settings/support/")
    ready.set()
    await asyncio.gather(
        at_once(RESTARTS, lambda n: mallory.api("POST", f"sessions/{sessions[n]}/restart/")),
        at_once(2, lambda _: mallory.submit("/settings/support/", html)),
    )


ATTACKS: Mapping[str, Attack] = {
    "H1": h1_large_deletion,
    "H2": h2_silent_proxies,
    "H3": h3_slow_webhooks,
    "H4": h4_silent_starts,
    "H7": h7_unread_exports,
    "M3": m3_names_without_answer,
    "M4": m4_sockets_and_handshakes,
    "M10": m10_restarts_and_bundles,
}
_NAMES: dict[int, str] = {}  # of the simulator's proxies, by port


async def _proxy(mallory: Mallory, state: str) -> dict[str, Any]:
    """Start a proxy of the simulator in ``state``, and return it as a customer types it."""
    made = await mallory.simulator("POST", "/api/proxies", {})
    _NAMES[made["port"]] = made["name"]
    await mallory.simulator("POST", f"/api/proxies/{made['name']}", {"state": state})
    return {"scheme": "http", "host": made["host"], "port": made["port"]}


async def _sessions_with_webhooks(mallory: Mallory, url: str) -> list[tuple[str, str]]:
    """Create a session in each further account, and webhooks that hear of its statuses. Return the
    key of each account with its session."""
    made = []
    body = {"url": url, "events": ["session.status", "session.qr"]}
    for key, location in mallory.target.more:
        for _ in range(SLOW_WEBHOOKS // len(mallory.target.more)):
            status, answer = await mallory.api("POST", "webhooks/", body, key)
            assert status == 201, answer
        _, session = await mallory.api("POST", "sessions/", {"location": location}, key)
        made.append((key, str(session["id"])))
    return made


async def _restart(mallory: Mallory, key: str, session: str) -> None:
    await mallory.api("POST", f"sessions/{session}/restart/", key=key)


async def _replay_all(mallory: Mallory, key: str) -> None:
    _, webhooks = await mallory.api("GET", "webhooks/", key=key)
    for webhook in webhooks["results"]:
        await mallory.api("POST", f"webhooks/{webhook['id']}/replay/", key=key)


async def _leave_unread(mallory: Mallory, path: str) -> None:
    """Request ``path``, read one byte a minute at most, and wait until the server ends it."""
    at = urlsplit(mallory.target.address)
    with socket.socket() as unread:
        unread.setblocking(False)
        unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(unread, (at.hostname, at.port))
        head = f"GET {path} HTTP/1.1\r\nHost: {at.netloc}\r\nCookie: {mallory.cookies}\r\n\r\n"
        await loop.sock_sendall(unread, head.encode())
        status = (await loop.sock_recv(unread, 12))[9:12].decode()
        mallory.statuses[status] += 1
        if status != "200":
            return
        await asyncio.sleep(60)


async def _hold_socket(mallory: Mallory, path: str) -> None:
    """Keep one socket open, and read what comes."""
    async with await _open_socket(mallory, path) as opened:
        async for _ in opened:
            pass


async def _handshakes(mallory: Mallory, path: str) -> None:
    opened = await asyncio.gather(
        *(_open_socket(mallory, path) for _ in range(HANDSHAKES)), return_exceptions=True
    )
    sockets = [one for one in opened if isinstance(one, aiohttp.ClientWebSocketResponse)]
    await asyncio.gather(*(one.close() for one in sockets), return_exceptions=True)


async def _open_socket(mallory: Mallory, path: str) -> aiohttp.ClientWebSocketResponse:
    url = mallory.target.address.replace("http", "ws", 1) + path
    try:
        opened = await mallory.http.ws_connect(url, headers={"Origin": mallory.target.address})
    except aiohttp.WSServerHandshakeError as refusal:
        mallory.statuses[str(refusal.status)] += 1
        raise
    mallory.statuses["101"] += 1
    return opened
