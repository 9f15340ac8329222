"""Build the command line and environment of an engine, and read the simulator's state file.

Pure, except for reading that one file. The environment must be complete when the process
starts: the library's Go runtime does not see later changes by Python.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sessions_app.engine.protocol import EngineKind

PROJECT = Path(__file__).resolve().parents[2]
LOG_LEVELS = ("error", "warning", "info", "debug")

EXIT_UNAVAILABLE = 3
EXIT_PROTOCOL = 4

_KEPT = frozenset(
    {"PATH", "LANG", "LC_ALL", "TZ", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV"}
)
_NETWORK = frozenset(
    {"SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY", "NO_PROXY", "https_proxy", "no_proxy"}
)
_FIXED = {
    "NEONIZE_BOT_TAG": "off",  # otherwise neonize marks every text as written by a bot
}


class SimulatorUnusable(Exception):
    """The simulator's state file cannot be used; the message gives the reason."""


@dataclass(frozen=True)
class SimulatorState:
    """The URLs of a running simulator, and the trust anchors to use with it."""

    proxy: str
    ca_file: str
    trust_root: bytes
    control: str


def simulator_state(path: str | Path) -> SimulatorState:
    """Read the state that the simulator wrote to ``path``. Raises SimulatorUnusable."""
    try:
        state = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SimulatorUnusable(
            f"The simulator's state file {path} cannot be read ({error.strerror}). "
            "Is the simulator running?"
        ) from None
    except ValueError:
        raise SimulatorUnusable(f"The simulator's state file {path} is not JSON.") from None
    texts = {name: _text(state, name, path) for name in ("proxy", "ca_file", "trust_root")}
    if not re.fullmatch(r"[0-9a-f]{64}", texts["trust_root"]):
        raise SimulatorUnusable(f"trust_root in {path} is not 64 hexadecimal digits.")
    if not texts["proxy"].startswith("http://"):
        raise SimulatorUnusable(f"proxy in {path} is not an http:// address.")
    if not Path(texts["ca_file"]).is_file():
        raise SimulatorUnusable(f"ca_file in {path} names a file that does not exist.")
    return SimulatorState(
        proxy=texts["proxy"],
        ca_file=texts["ca_file"],
        trust_root=bytes.fromhex(texts["trust_root"]),
        control=_text(state, "control", path),
    )


def _text(state: object, name: str, path: str | Path) -> str:
    value = state.get(name) if isinstance(state, dict) else None
    if not isinstance(value, str):
        raise SimulatorUnusable(f"The simulator's state file {path} has no text {name!r}.")
    return value


def command(kind: EngineKind, fd: int, log_level: str, simulator: str | Path | None) -> list[str]:
    """Return the command line of an engine that uses the inherited socket ``fd``.

    ``simulator`` is the path of the simulator's state file, or None for the real WhatsApp.
    Raises ValueError if ``log_level`` is not in ``LOG_LEVELS``."""
    if log_level not in LOG_LEVELS:
        raise ValueError(f"log level must be one of {', '.join(LOG_LEVELS)}")
    words = [sys.executable, "-m", "sessions_app.engine", "--fd", str(fd)]
    words += ["--kind", kind.value, "--log-level", log_level]
    return words + (["--simulator", str(simulator)] if simulator else [])


def environment(
    simulator: SimulatorState | None, base_environ: Mapping[str, str]
) -> dict[str, str]:
    """Return the complete environment of an engine.

    It takes only an allow-list of variables from ``base_environ``, so that an engine never
    holds the secrets of the web process, and adds the settings of the library."""
    allowed = _KEPT if simulator else _KEPT | _NETWORK
    result = {name: value for name, value in base_environ.items() if name in allowed}
    result |= _FIXED | {"PYTHONPATH": str(PROJECT)}
    if simulator:
        result |= {"SSL_CERT_FILE": simulator.ca_file, "SSL_CERT_DIR": "/nonexistent"}
    return result
