"""How a gateway starts an engine: the command line, the environment, the simulator's state file.

Pure, but for reading that one file. The environment matters: the library's Go runtime reads the
block that the process was exec'ed with, never what Python changes later.
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
    "NEONIZE_BOT_TAG": "off",  # neonize marks every text as written by a bot otherwise
}


class SimulatorUnusable(Exception):
    """The simulator's state file cannot be used; the text says why."""


@dataclass(frozen=True)
class SimulatorState:
    """Where a simulated WhatsApp listens (URLs) and what to trust there."""

    proxy: str
    ca_file: str
    trust_root: bytes
    control: str


def simulator_state(path: str | Path) -> SimulatorState:
    """The state that the simulator wrote to ``path``. Raises SimulatorUnusable."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SimulatorUnusable(
            f"The simulator's state file {path} cannot be read ({error.strerror}). "
            "Is the simulator running?"
        ) from None
    except ValueError:
        raise SimulatorUnusable(f"The simulator's state file {path} is not JSON.") from None
    texts = {name: _text(found, name, path) for name in ("proxy", "ca_file", "trust_root")}
    if not re.fullmatch(r"[0-9a-f]{64}", texts["trust_root"]):
        raise SimulatorUnusable(f"trust_root in {path} is not 64 hexadecimal digits.")
    if not texts["proxy"].startswith("http://"):
        raise SimulatorUnusable(f"proxy in {path} is not an http:// address.")
    if not Path(texts["ca_file"]).is_file():
        raise SimulatorUnusable(f"ca_file in {path} names a file that is not there.")
    return SimulatorState(
        proxy=texts["proxy"],
        ca_file=texts["ca_file"],
        trust_root=bytes.fromhex(texts["trust_root"]),
        control=_text(found, "control", path),
    )


def _text(found: object, name: str, path: str | Path) -> str:
    value = found.get(name) if isinstance(found, dict) else None
    if not isinstance(value, str):
        raise SimulatorUnusable(f"The simulator's state file {path} has no text {name!r}.")
    return value


def command(kind: EngineKind, fd: int, log_level: str, simulator: str | Path | None) -> list[str]:
    """The command line of an engine that talks over the inherited socket ``fd``.

    ``simulator`` is the path of the simulator's state file, or None for the real WhatsApp.
    Raises ValueError for a log level that is not of ``LOG_LEVELS``."""
    if log_level not in LOG_LEVELS:
        raise ValueError(f"log level must be one of {', '.join(LOG_LEVELS)}")
    words = [sys.executable, "-m", "sessions_app.engine", "--fd", str(fd)]
    words += ["--kind", kind.value, "--log-level", log_level]
    return words + (["--simulator", str(simulator)] if simulator else [])


def environment(
    simulator: SimulatorState | None, base_environ: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment of an engine: a short list of names out of ``base_environ``, so
    that none of the web's secrets gets there, and our own settings of the library."""
    kept = _KEPT if simulator else _KEPT | _NETWORK
    result = {name: value for name, value in base_environ.items() if name in kept}
    result |= _FIXED | {"PYTHONPATH": str(PROJECT)}
    if simulator:
        result |= {"SSL_CERT_FILE": simulator.ca_file, "SSL_CERT_DIR": "/nonexistent"}
    return result
