"""`python -m simulator.whatsapp --state FILE [--port N]`: run the simulated WhatsApp."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

from simulator.whatsapp.control import Control
from simulator.whatsapp.listener import Listener
from simulator.whatsapp.network import Network
from simulator.whatsapp.proxies import Proxies
from simulator.whatsapp.proxy import Passages, Proxy
from simulator.whatsapp.tls import Authority


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator.whatsapp", description=__doc__)
    parser.add_argument(
        "--state",
        type=Path,
        required=True,
        metavar="FILE",
        help="where to write how to reach the simulator, once it is ready",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=0,
        metavar="N",
        help="port of the page and control API (default: a free one)",
    )
    return parser.parse_args()


def write_private(path: Path, data: bytes) -> None:
    """Write a file in one step, readable by its owner only."""
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


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def run(state: Path, port: int) -> None:
    """Serve until SIGTERM or SIGINT; the state file exists exactly as long."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    network, authority = Network(), Authority()
    passages: Passages = {}
    proxy, proxies = Proxy(network.faults, network.log, passages), Proxies(network, passages)
    listener, control = Listener(network, passages), Control(network, proxies)
    ca_file = state.with_name(state.name + ".ca.pem").resolve()
    try:
        upstream = await listener.start(authority.server_context())
        proxies.lead_to(upstream)
        proxy_port = await proxy.start(upstream)
        control_port = await control.start(port)
        write_private(ca_file, authority.pem())
        found = {
            "proxy": f"http://127.0.0.1:{proxy_port}",
            "ca_file": str(ca_file),
            "trust_root": network.root.public.hex(),
            "control": f"http://127.0.0.1:{control_port}",
        }
        write_private(state, json.dumps(found, indent=1).encode() + b"\n")
        _say(f"Simulated WhatsApp is ready: {found['control']}")
        await stop.wait()
    finally:
        _remove(state, ca_file)
        await asyncio.gather(proxy.stop(), proxies.stop())
        await asyncio.gather(control.stop(), listener.stop())


def main() -> int:
    """Run from the command line; the exit code."""
    arguments = _arguments()
    try:
        asyncio.run(run(arguments.state, arguments.port))
    except OSError as error:
        sys.stderr.write(f"The simulator cannot start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
