"""Loading neonize: only what is used of it, and only if it is what we rely on.

neonize is a Go library behind a C interface, and a Python layer above it. That layer polls five
times a second for each client, prints, downloads, leaves finalizers behind that stop other
clients, and loads 15 MB of modules for stickers and link previews. So only its C interface
(``neonize._binder``) and its message types are loaded here. These are private names:
``_check`` compares them with what we rely on, and refuses loudly after an upgrade.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.metadata
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

ROOT_KEY = bytes.fromhex("142375574d0a587166aae71ebe516437c4a28b73e3695c6ce1f7f9545da8ee6b")
"""The public key that the library pins: WhatsApp's root of trust for its Noise handshake."""

TOLD = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 17, 18, 27)
"""The numbers of the events that we ask for; each one more could end a client's event loop
(the library cannot express values that it does not know)."""

EVENTS = {
    0: "Device",
    2: "PairStatus",
    3: "Connected",
    4: "KeepAliveTimeout",
    5: "KeepAliveRestored",
    6: "LoggedOut",
    7: "StreamReplaced",
    8: "TemporaryBan",
    9: "ConnectFailure",
    10: "ClientOutdated",
    11: "StreamError",
    12: "Disconnected",
    17: "Message",
    18: "Receipt",
    27: "OfflineSyncCompleted",
}
_FUNCTIONS = [
    "Disconnect",
    "GetAllDevices",
    "GetBlocklist",
    "GetPNFromLID",
    "Logout",
    "Neonize",
    "PairPhone",
    "SendMessage",
    "Stop",
]


class LibraryUnavailable(Exception):
    """neonize cannot be used here; the text says why in one line."""


class Loaded(NamedTuple):
    """neonize's C interface, its message types, and its version."""

    binder: Any
    types: Any
    version: str


def load() -> Loaded:
    """neonize, checked. Raises LibraryUnavailable."""
    version = _installed_version()
    binder, messages = _load(version)
    _check(binder, messages)
    return Loaded(binder, messages, version)


def trust(loaded: Loaded, root: bytes) -> None:
    """Put ``root`` in the place of ``ROOT_KEY`` in the library's memory. Raises
    LibraryUnavailable unless there is exactly one such place, and it can be written."""
    # Resolved: the system names a mapping by its file, whatever link led to it.
    places = _places(Path(loaded.binder.gocode._name).resolve(), ROOT_KEY)
    if len(places) != 1:
        raise LibraryUnavailable(
            f"The pinned key was found {len(places)} times in the library's writable memory; "
            "this version of neonize does not fit the simulator."
        )
    ctypes.memmove(places[0], root, len(ROOT_KEY))


def _places(library: Path, wanted: bytes) -> list[int]:
    """The addresses of ``wanted`` in the writable mappings of ``library``."""
    found = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        if not line.endswith(str(library)) or line.split()[1][:2] != "rw":
            continue
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        content = ctypes.string_at(start, end - start)
        at = content.find(wanted)
        while at >= 0:
            found.append(start + at)
            at = content.find(wanted, at + 1)
    return found


def _installed_version() -> str:
    try:
        return importlib.metadata.version("neonize")
    except importlib.metadata.PackageNotFoundError:
        raise LibraryUnavailable("neonize is not installed.") from None


def _load(version: str) -> tuple[Any, Any]:
    """neonize's C interface and its message types, without what its packages would load."""
    spec = importlib.util.find_spec("neonize")
    if spec is None or not spec.submodule_search_locations:
        raise LibraryUnavailable("neonize is not installed.")
    folder = Path(spec.submodule_search_locations[0])
    # Their __init__ modules load PIL, requests, libmagic and more, none of which we use.
    _bare_package("neonize", folder)
    _bare_package("neonize.utils", folder / "utils")
    _no_download(version)
    try:
        binder = importlib.import_module("neonize._binder")
        importlib.import_module("neonize.proto")
        return binder, importlib.import_module("neonize.proto.Neonize_pb2")
    except LibraryUnavailable:
        raise
    except Exception as error:
        first = (str(error).splitlines() or [""])[0][:200]
        raise LibraryUnavailable(
            f"neonize cannot be loaded ({type(error).__name__}: {first})."
        ) from error


def _bare_package(name: str, folder: Path) -> None:
    package = types.ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package


def _no_download(version: str) -> None:
    """Keep neonize from fetching its binary over the network when it finds none that fits."""

    def refuse() -> NoReturn:
        raise LibraryUnavailable("The installed neonize has no binary for this machine.")

    module = types.ModuleType("neonize.download")
    module.__dict__.update(__GONEONIZE_VERSION__=version, download=refuse)
    sys.modules["neonize.download"] = module


def _check(binder: Any, messages: Any) -> None:
    """Compare what we rely on with what is there. Raises LibraryUnavailable."""
    missing = [name for name in _FUNCTIONS if not hasattr(binder.gocode, name)]
    missing += [name for name in EVENTS.values() if not hasattr(messages, name)]
    names = ["func_string", "func_callback_bytes", "func_callback_bytes2", "ProxySettings"]
    missing += [name for name in names if not hasattr(binder, name)]
    if missing:
        raise LibraryUnavailable(f"This version of neonize lacks {', '.join(missing)}.")
    text, number = ctypes.c_char_p, ctypes.c_int
    expected = [text, text, text, number, number, text]
    expected += [binder.func_string, binder.func_string, binder.func_callback_bytes]
    expected += [binder.func_callback_bytes2, text, number, text, number, text, number]
    if list(binder.gocode.Neonize.argtypes[:-1]) != expected:
        raise LibraryUnavailable("This version of neonize connects in another way.")
