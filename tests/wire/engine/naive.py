"""Plain use of neonize as in its manual, to demonstrate one hazard at a time.

``python naive.py HAZARD STATE_FILE STORE`` prints one JSON object, unless it crashes first.
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
except ImportError:  # neonize needs it for the import, the engine does not
    sys.modules["magic"] = types.ModuleType("magic")

import neonize
from neonize._binder import ProxySettings
from neonize.utils.jid import build_jid

from sessions_app.engine import launch, neonize_loader

STORE = sys.argv[3]
UNREACHABLE = ProxySettings(proxy_address="http://127.0.0.1:1")
SHORT_TIMEOUT = 2.0  # seconds; normally it takes 0.02


def connected(client: Any) -> threading.Thread:
    """Connect on a new thread, and wait until the number is connected."""
    done = threading.Event()
    client.event(event_type("Connected"))(lambda *_: done.set())
    thread = threading.Thread(target=client.connect)
    thread.start()
    assert done.wait(20)
    return thread


def at_qr(client: Any, seconds: float = 20) -> tuple[threading.Thread, bool]:
    """Connect on a new thread. Return it, and whether a QR code was shown in time."""
    shown = threading.Event()
    client.event.qr(lambda *_: shown.set())
    thread = threading.Thread(target=client.connect)
    thread.start()
    return thread, shown.wait(seconds)


def event_type(name: str) -> Any:
    from neonize.proto import Neonize_pb2

    return getattr(Neonize_pb2, name)


def h2() -> dict[str, Any]:
    """Abandon a pairing. Report whether its thread ends."""
    client = neonize.NewClient(STORE)
    thread, _ = at_qr(client)
    client.stop()
    thread.join(SHORT_TIMEOUT)
    return {"thread_alive": thread.is_alive()}


def h3() -> dict[str, Any]:
    """Connect a number that is missing from the store, catching all exceptions."""
    with contextlib.suppress(BaseException):
        neonize.NewClient(STORE, jid=build_jid("351910000000")).connect()
    return {"survived": True}


def h4() -> dict[str, Any]:
    """Start many clients concurrently. Each fails at once because the network is unreachable."""

    def start(index: int) -> None:
        for attempt in range(20):
            client = neonize.NewClient(f"{STORE}-{index}", uuid=f"{index}-{attempt}")
            with contextlib.suppress(neonize.client.NeonizeError):
                client.connect(UNREACHABLE)

    threads = [threading.Thread(target=start, args=(index,)) for index in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"survived": True}


def h5() -> dict[str, Any]:
    """Create and delete a second client with the same name."""
    client = neonize.NewClient(STORE)
    connected(client)
    before = client.is_connected
    neonize.NewClient(STORE)
    gc.collect()
    return {"before": before, "after": client.is_connected}


def handles() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def h6() -> dict[str, Any]:
    """Start and stop clients. Report how many file handles leak."""
    before = handles()
    for _ in range(10):
        client = neonize.NewClient(STORE)
        thread = connected(client)
        client.stop()
        thread.join()
    return {"handles": handles() - before}


def h9() -> dict[str, Any]:
    """Connect in a child of fork()."""
    pid = os.fork()
    if pid == 0:
        _, shown = at_qr(neonize.NewClient(STORE), SHORT_TIMEOUT)
        os._exit(0 if shown else 1)
    return {"qr": os.waitpid(pid, 0)[1] == 0}


def h10() -> dict[str, Any]:
    """Start twenty pairings with the asyncio client. Report how many QR codes are shown."""
    from neonize.aioze.client import NewAClient

    async def count_codes() -> int:
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
            await asyncio.wait_for(all_shown.wait(), SHORT_TIMEOUT)
        return len(shown)

    loop = asyncio.new_event_loop()
    return {"qrs": loop.run_until_complete(count_codes())}


def h11() -> dict[str, Any]:
    """Drop the connection and refuse the next login. Report the ``is_logged_in`` property."""
    client = neonize.NewClient(STORE)
    refused = threading.Event()
    client.event(event_type("ConnectFailure"))(lambda *_: refused.set())
    connected(client)
    print("ready", file=sys.stderr, flush=True)  # noqa: T201
    assert refused.wait(20)
    return {"is_logged_in": client.is_logged_in}


def h12() -> dict[str, Any]:
    """Connect only, to show what the library prints."""
    connected(neonize.NewClient(STORE))
    return {}


def main() -> None:
    """Run one hazard. Exit with ``os._exit``, except for h8, which is about a normal exit."""
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
