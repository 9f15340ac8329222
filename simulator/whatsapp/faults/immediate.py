"""Faults that affect open connections once, at the moment they are triggered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from simulator.whatsapp.accounts import ClientConnection
from simulator.whatsapp.network import Network
from simulator.whatsapp.wire.binary_xml import Node

Params = dict[str, Any]
Effect = Callable[[Network, ClientConnection, Params], None]
LINGER_SECONDS = 0.1  # delay between the last nodes and the close of the socket


def _error(connection: ClientConnection, code: str, *children: Node) -> None:
    error = Node("stream:error", {"code": code}, list(children) or None)
    connection.end_stream(error, linger=LINGER_SECONDS)


def _close(network: Network, connection: ClientConnection, params: Params) -> None:
    connection.hang_up(int(params.get("code", 1001)))


def _reset(network: Network, connection: ClientConnection, params: Params) -> None:
    connection.reset()


def _end(network: Network, connection: ClientConnection, params: Params) -> None:
    connection.end_stream(linger=LINGER_SECONDS)


def _stream_503(network: Network, connection: ClientConnection, params: Params) -> None:
    _error(connection, "503")


def _stream_515(network: Network, connection: ClientConnection, params: Params) -> None:
    connection.end_stream(Node("stream:error", {"code": "515"}), linger=1.0)


def _stream_error(network: Network, connection: ClientConnection, params: Params) -> None:
    _error(connection, str(params.get("code", 500)))


def _replaced(network: Network, connection: ClientConnection, params: Params) -> None:
    _error(connection, "440", Node("conflict", {"type": "replaced"}))


def _device_removed(network: Network, connection: ClientConnection, params: Params) -> None:
    if connection.device is not None:
        network.relay.remove(connection.device)


def _few_keys(network: Network, connection: ClientConnection, params: Params) -> None:
    if connection.device is not None:
        network.relay.use_up_keys(connection.device)


EFFECTS: dict[str, Effect] = {
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


def trigger(network: Network, kind: str, number: str | None, params: Params) -> int:
    """Apply a fault to all linked connections, or to those of one number. Return how many."""
    targets = [
        c
        for c in network.connections
        if c.device is not None and (number is None or c.number == number)
    ]
    for connection in targets:
        EFFECTS[kind](network, connection, params)
    network.log.add("fault", fault=kind, number=number, hit=len(targets))
    return len(targets)


def drop_pairings(network: Network) -> int:
    """Disconnect all clients that wait to be linked. Return how many there were."""
    pairings = list(network.pairings)
    for pairing in pairings:
        pairing.connection.hang_up(1001)
    network.log.add("fault", fault="qr_drop", hit=len(pairings))
    return len(pairings)


class Outage:
    """A period in which no client can connect."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, seconds: float) -> None:
        """Reset all connections and refuse new ones. A later call replaces the duration."""
        if self._timer is not None:
            self._timer.cancel()
        self._network.faults.outage = True
        self._network.log.add("outage", seconds=int(seconds))
        for connection in list(self._network.connections):
            connection.reset()
        self._timer = asyncio.get_running_loop().call_later(seconds, self.end)

    def end(self) -> None:
        """Accept connections again."""
        if self._timer is not None:
            self._timer.cancel()
        self._network.faults.outage, self._timer = False, None
