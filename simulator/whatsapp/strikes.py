"""Faults that hit open connections at once, and then are over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from simulator.whatsapp.binary_xml import Node

if TYPE_CHECKING:
    from simulator.whatsapp.connection import Connection
    from simulator.whatsapp.network import Network

Params = dict[str, Any]
Strike = Callable[["Connection", Params], None]
SOON = 0.1  # seconds between the last words and the end of the socket


def _error(connection: Connection, code: str, *children: Node) -> None:
    connection.end_stream(Node("stream:error", {"code": code}, list(children) or None), linger=SOON)


def _close(connection: Connection, params: Params) -> None:
    connection.hang_up(int(params.get("code", 1001)))


def _reset(connection: Connection, params: Params) -> None:
    connection.reset()


def _end(connection: Connection, params: Params) -> None:
    connection.end_stream(linger=SOON)


def _stream_503(connection: Connection, params: Params) -> None:
    _error(connection, "503")


def _stream_515(connection: Connection, params: Params) -> None:
    connection.end_stream(Node("stream:error", {"code": "515"}), linger=1.0)


def _stream_error(connection: Connection, params: Params) -> None:
    _error(connection, str(params.get("code", 500)))


def _replaced(connection: Connection, params: Params) -> None:
    _error(connection, "440", Node("conflict", {"type": "replaced"}))


def _device_removed(connection: Connection, params: Params) -> None:
    if connection.device is not None:
        connection.network.relay.remove(connection.device)


def _few_keys(connection: Connection, params: Params) -> None:
    if connection.device is not None:
        connection.network.relay.use_up_keys(connection.device)


STRIKES: dict[str, Strike] = {
    "close": _close,
    "reset": _reset,
    "xmlstreamend": _end,
    "stream_503": _stream_503,
    "stream_515": _stream_515,
    "stream_error": _stream_error,
    "replaced": _replaced,
    "device_removed": _device_removed,
    "few_keys": _few_keys,
}


def strike(network: Network, kind: str, number: str | None, params: Params) -> int:
    """Let a fault hit every linked connection, or those of one number; how many it hit."""
    hit = [
        c
        for c in network.connections
        if c.device is not None and (number is None or c.number == number)
    ]
    for connection in hit:
        STRIKES[kind](connection, params)
    network.log.add("fault", fault=kind, number=number, hit=len(hit))
    return len(hit)


def drop_waiting(network: Network) -> int:
    """Cut every client that shows a code; how many there were."""
    waiting = list(network.pairings)
    for pairing in waiting:
        pairing.connection.hang_up(1001)
    network.log.add("fault", fault="qr_drop", hit=len(waiting))
    return len(waiting)


class Outage:
    """A time in which nobody can connect."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._end: asyncio.TimerHandle | None = None

    def begin(self, seconds: float) -> None:
        """Cut every connection and refuse new ones; the newest call decides for how long."""
        if self._end is not None:
            self._end.cancel()
        self._network.faults.outage = True
        self._network.log.add("outage", seconds=int(seconds))
        for connection in list(self._network.connections):
            connection.reset()
        self._end = asyncio.get_running_loop().call_later(seconds, self.over)

    def over(self) -> None:
        """Let everybody in again."""
        if self._end is not None:
            self._end.cancel()
        self._network.faults.outage, self._end = False, None
