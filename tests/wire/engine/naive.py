"""neonize as its manual shows it, one hazard at a time: what the engine is for.

``python naive.py HAZARD STATE_FILE STORE`` prints one JSON object, if it lives to do so.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import sys
import threading
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

try:
    import magic  # noqa: F401
except ImportError:  # neonize cannot be imported without; the engine does not need it
    sys.modules["magic"] = types.ModuleType("magic")

import neonize
from neonize._binder import ProxySettings
from neonize.utils.jid import build_jid

from sessions_app.engine import launch, neonize_loader

STORE = sys.argv[3]
NOWHERE = ProxySettings(proxy_address="http://127.0.0.1:1")
MOMENT = 2.0  # seconds; what works takes 0.02


def connected(client: Any) -> threading.Thread:
    """Connect on a thread of its own and wait until the number is connected."""
    done = threading.Event()
    client.event(event_type("Connected"))(lambda *_: done.set())
    thread = threading.Thread(target=client.connect)
    thread.start()
    assert done.wait(20)
    return thread


def at_qr(client: Any, seconds: float = 20) -> tuple[threading.Thread, bool]:
    """Connect on a thread of its own; whether a QR came in time."""
    shown = threading.Event()
    client.event.qr(lambda *_: shown.set())
    thread = threading.Thread(target=client.connect)
    thread.start()
    return thread, shown.wait(seconds)


def event_type(name: str) -> Any:
    from neonize.proto import Neonize_pb2

    return getattr(Neonize_pb2, name)


def h2() -> dict[str, Any]:
    """A pairing is given up: does its thread end?"""
    client = neonize.NewClient(STORE)
    thread, _ = at_qr(client)
    client.stop()
    thread.join(MOMENT)
    return {"thread_alive": thread.is_alive()}


def h3() -> dict[str, Any]:
    """A number that is not in the store, with every exception caught."""
    with contextlib.suppress(BaseException):
        neonize.NewClient(STORE, jid=build_jid("351910000000")).connect()
    return {"survived": True}


def h4() -> dict[str, Any]:
    """Many starts side by side; each fails at once for want of a network."""

    def start(index: int) -> None:
        for attempt in range(20):
            client = neonize.NewClient(f"{STORE}-{index}", uuid=f"{index}-{attempt}")
            with contextlib.suppress(neonize.client.NeonizeError):
                client.connect(NOWHERE)

    threads = [threading.Thread(target=start, args=(index,)) for index in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"survived": True}


def h5() -> dict[str, Any]:
    """A second object of the same name comes and goes."""
    client = neonize.NewClient(STORE)
    connected(client)
    before = client.is_connected
    neonize.NewClient(STORE)
    gc.collect()
    return {"before": before, "after": client.is_connected}


def handles() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def h6() -> dict[str, Any]:
    """Stops and starts: how many file handles stay?"""
    before = handles()
    for _ in range(10):
        client = neonize.NewClient(STORE)
        thread = connected(client)
        client.stop()
        thread.join()
    return {"handles": handles() - before}


def h9() -> dict[str, Any]:
    """A child of fork() connects."""
    pid = os.fork()
    if pid == 0:
        _, shown = at_qr(neonize.NewClient(STORE), MOMENT)
        os._exit(0 if shown else 1)
    return {"qr": os.waitpid(pid, 0)[1] == 0}


def h10() -> dict[str, Any]:
    """Twenty customers ask for a QR of the asyncio client."""
    from neonize.aioze.client import NewAClient

    async def ask() -> int:
        shown: set[int] = set()
        all_shown = asyncio.Event()
        for index in range(20):
            client = NewAClient(f"{STORE}-{index}")

            async def on_qr(_: Any, qr: bytes, index: int = index) -> None:
                shown.add(index)
                if len(shown) == 20:
                    all_shown.set()

            client.event.qr(on_qr)
            asyncio.get_running_loop().create_task(client.connect())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(all_shown.wait(), MOMENT)
        return len(shown)

    loop = asyncio.new_event_loop()
    return {"qrs": loop.run_until_complete(ask())}


def h11() -> dict[str, Any]:
    """The link drops and the next login is refused: what does the property say?"""
    client = neonize.NewClient(STORE)
    refused = threading.Event()
    client.event(event_type("ConnectFailure"))(lambda *_: refused.set())
    connected(client)
    print("ready", file=sys.stderr, flush=True)  # noqa: T201
    assert refused.wait(20)
    return {"is_logged_in": client.is_logged_in}


def h12() -> dict[str, Any]:
    """Nothing but a connection: what stands on the outputs?"""
    connected(neonize.NewClient(STORE))
    return {}


def main() -> None:
    """Run one hazard. The process ends hard, except where that is the hazard (h8)."""
    binder = sys.modules["neonize._binder"]
    state = launch.simulator_state(sys.argv[2])
    neonize_loader.trust(neonize_loader.LoadedLibrary(binder, None, ""), state.trust_root)
    if sys.argv[1] == "h8":
        connected(neonize.NewClient(STORE))
        print(json.dumps({"done": True}), flush=True)  # noqa: T201
        return
    hazard: Callable[[], dict[str, Any]] = globals()[sys.argv[1]]
    print(json.dumps(hazard()), flush=True)  # noqa: T201
    os._exit(0)


if __name__ == "__main__":
    main()
