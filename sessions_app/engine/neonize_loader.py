"""Load the parts of neonize that the engine uses, and check that they fit.

neonize is a Go library behind a C interface, with a Python layer on top. That layer polls five
times a second for each client, prints, downloads, leaves finalizers behind that stop other
clients, and loads 15 MB of modules for stickers and link previews. So this module loads only the
C interface (``neonize._binder``) and the message types. Both are private: ``_check`` compares them
with what the engine relies on, and raises after an incompatible upgrade.
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
"""The public key that the library pins: WhatsApp's root of trust for the Noise handshake."""

SUBSCRIBED_EVENTS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 17, 18, 27)
"""The numbers of the events to subscribe to. Keep the list short: an event with a value that is
missing from the library's enumerations ends the client's event loop."""

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
    """neonize cannot be used; the message gives the reason in one line."""


class LoadedLibrary(NamedTuple):
    """neonize's C interface, its message types, and its version."""

    binder: Any
    types: Any
    version: str


def load() -> LoadedLibrary:
    """Load and check neonize. Raises LibraryUnavailable."""
    version = _installed_version()
    binder, messages = _load(version)
    _check(binder, messages)
    return LoadedLibrary(binder, messages, version)


def trust(loaded: LoadedLibrary, root: bytes) -> None:
    """Overwrite ``ROOT_KEY`` with ``root`` in the library's memory. Raises LibraryUnavailable
    unless it occurs there exactly once in writable memory."""
    # /proc/self/maps lists the real path of the file, so resolve symbolic links.
    addresses = _find_in_memory(Path(loaded.binder.gocode._name).resolve(), ROOT_KEY)
    if len(addresses) != 1:
        raise LibraryUnavailable(
            f"The pinned key was found {len(addresses)} times in the library's writable memory; "
            "the simulator does not support this version of neonize."
        )
    ctypes.memmove(addresses[0], root, len(ROOT_KEY))


def _find_in_memory(library: Path, pattern: bytes) -> list[int]:
    """Return the addresses of ``pattern`` in the writable mappings of ``library``."""
    found = []
    for line in Path("/proc/self/maps").read_text().splitlines():
        if not line.endswith(str(library)) or line.split()[1][:2] != "rw":
            continue
        start, end = (int(part, 16) for part in line.split()[0].split("-"))
        content = ctypes.string_at(start, end - start)
        at = content.find(pattern)
        while at >= 0:
            found.append(start + at)
            at = content.find(pattern, at + 1)
    return found


def _installed_version() -> str:
    try:
        return importlib.metadata.version("neonize")
    except importlib.metadata.PackageNotFoundError:
        raise LibraryUnavailable("neonize is not installed.") from None


def _load(version: str) -> tuple[Any, Any]:
    """Import neonize's C interface and message types, but not its package ``__init__`` modules."""
    spec = importlib.util.find_spec("neonize")
    if spec is None or not spec.submodule_search_locations:
        raise LibraryUnavailable("neonize is not installed.")
    folder = Path(spec.submodule_search_locations[0])
    # The __init__ modules import PIL, requests, libmagic and more, none of which is needed.
    _register_bare_package("neonize", folder)
    _register_bare_package("neonize.utils", folder / "utils")
    _disable_download(version)
    try:
        binder = importlib.import_module("neonize._binder")
        importlib.import_module("neonize.proto")
        return binder, importlib.import_module("neonize.proto.Neonize_pb2")
    except LibraryUnavailable:
        raise
    except Exception as error:
        first_line = (str(error).splitlines() or [""])[0][:200]
        raise LibraryUnavailable(
            f"neonize cannot be loaded ({type(error).__name__}: {first_line})."
        ) from error


def _register_bare_package(name: str, folder: Path) -> None:
    package = types.ModuleType(name)
    package.__path__ = [str(folder)]
    sys.modules[name] = package


def _disable_download(version: str) -> None:
    """Stop neonize from downloading a binary when it finds none for this machine."""

    def refuse() -> NoReturn:
        raise LibraryUnavailable("The installed neonize has no binary for this machine.")

    module = types.ModuleType("neonize.download")
    module.__dict__.update(__GONEONIZE_VERSION__=version, download=refuse)
    sys.modules["neonize.download"] = module


def _check(binder: Any, messages: Any) -> None:
    """Check that the library has the functions and types in use. Raises LibraryUnavailable."""
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
        raise LibraryUnavailable("This version of neonize has an unexpected connect function.")
