"""Run an engine: ``python -m sessions_app.engine --fd N --kind linking|running --log-level LEVEL``.

Only the gateway starts engines (see ``launch.py``). Exit codes: 0 after a shutdown or when the
gateway is gone, 3 if neonize cannot be used, 4 after a line that violates the protocol.
"""

from __future__ import annotations

import argparse
import os
from typing import NoReturn

from sessions_app.engine import launch
from sessions_app.engine.channel import Channel
from sessions_app.engine.clients import Clients
from sessions_app.engine.commands import Commands, Shutdown
from sessions_app.engine.log import RedactedLog
from sessions_app.engine.neonize_api import Library
from sessions_app.engine.neonize_loader import LibraryUnavailable
from sessions_app.engine.protocol import EngineKind, ProtocolError, Signal


def main() -> NoReturn:
    arguments = _arguments()
    os.umask(0o077)
    channel = Channel(arguments.fd)
    log = RedactedLog()
    try:
        simulator = launch.simulator_state(arguments.simulator) if arguments.simulator else None
        library = Library(arguments.log_level, log)
        if simulator:
            library.trust(simulator.trust_root)
    except (LibraryUnavailable, launch.SimulatorUnusable) as error:
        channel.send({"type": Signal.FATAL, "code": "engine_unavailable", "detail": str(error)})
        os._exit(launch.EXIT_UNAVAILABLE)
    clients = Clients(library, channel.send, simulator.proxy if simulator else None)
    channel.send(
        {
            "type": Signal.HELLO,
            "kind": arguments.kind,
            "pid": os.getpid(),
            "neonize": library.version,
        }
    )
    code = _serve(channel, Commands(clients, channel.send))
    log.drain()
    # A normal exit would wait forever for the library's threads.
    os._exit(code)


def _serve(channel: Channel, commands: Commands) -> int:
    """Handle the gateway's messages until the end, and return the exit code."""
    try:
        for message in channel.messages():
            commands.handle(message)
    except ProtocolError:
        return launch.EXIT_PROTOCOL
    except Shutdown:
        pass
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="engine", allow_abbrev=False)
    parser.add_argument("--fd", type=int, required=True)
    parser.add_argument("--kind", type=EngineKind, required=True)
    parser.add_argument("--log-level", choices=launch.LOG_LEVELS, default="error")
    parser.add_argument("--simulator")
    return parser.parse_args()


if __name__ == "__main__":
    main()
