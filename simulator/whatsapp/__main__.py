"""Run the simulated WhatsApp: `python -m simulator.whatsapp --state FILE [--port N]`."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

from simulator.whatsapp.control.proxies import Proxies
from simulator.whatsapp.control.server import Control
from simulator.whatsapp.front.listener import Listener
from simulator.whatsapp.front.proxy import Proxy, Tunnels
from simulator.whatsapp.front.tls import Authority
from simulator.whatsapp.network import Network


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator.whatsapp", description=__doc__)
    parser.add_argument(
        "--state",
        type=Path,
        required=True,
        metavar="FILE",
        help="file for the simulator's addresses; written when it is ready",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=0,
        metavar="N",
        help="port of the web page and control API (default: any free port)",
    )
    return parser.parse_args()


def write_private(path: Path, data: bytes) -> None:
    """Write a file atomically, readable only by its owner."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def run(state: Path, port: int) -> None:
    """Serve until SIGTERM or SIGINT. The state file exists while the simulator is ready."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    network, authority = Network(), Authority()
    tunnels: Tunnels = {}
    proxy, proxies = Proxy(network.faults, network.log, tunnels), Proxies(network, tunnels)
    listener, control = Listener(network, tunnels), Control(network, proxies)
    ca_file = state.with_name(state.name + ".ca.pem").resolve()
    try:
        upstream = await listener.start(authority.server_context())
        proxies.set_upstream(upstream)
        proxy_port = await proxy.start(upstream)
        control_port = await control.start(port)
        write_private(ca_file, authority.pem())
        content = {
            "proxy": f"http://127.0.0.1:{proxy_port}",
            "ca_file": str(ca_file),
            "trust_root": network.root.public.hex(),
            "control": f"http://127.0.0.1:{control_port}",
        }
        write_private(state, json.dumps(content, indent=1).encode() + b"\n")
        _print(f"Simulated WhatsApp is ready: {content['control']}")
        await stop.wait()
    finally:
        _remove(state, ca_file)
        await asyncio.gather(proxy.stop(), proxies.stop())
        await asyncio.gather(control.stop(), listener.stop())


def main() -> int:
    """Run the command and return its exit code."""
    arguments = _arguments()
    try:
        asyncio.run(run(arguments.state, arguments.port))
    except OSError as error:
        sys.stderr.write(f"The simulator cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
