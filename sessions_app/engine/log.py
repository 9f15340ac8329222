"""The engine's log: the library's log lines, redacted, on the original standard error.

The library also prints to both standard streams on its own. Its standard output is discarded.
Its standard error goes to an in-memory file. A gateway that has opened ``/proc/<pid>/fd/2`` while
the engine was running can read the traceback of a crash there; it contains code positions, no
data.
"""

from __future__ import annotations

import contextlib
import os
import queue
import re
import sys
import threading
import time
import traceback
from pathlib import Path

DRAIN_SECONDS = 0.5

_WAITING_LINES = 1000


class RedactedLog:
    """Write redacted lines to the original standard error. Never block: drop lines when the
    queue is full."""

    def __init__(self) -> None:
        """Redirect file descriptors 1 and 2, so that only this log writes to the original ones."""
        self._fd = os.dup(2)
        self._lines: queue.Queue[bytes] = queue.Queue(_WAITING_LINES)
        nothing = os.open(os.devnull, os.O_RDWR)
        sys.stdout.flush()
        os.dup2(nothing, 1)
        os.dup2(_memory_file(fallback=nothing), 2)
        threading.Thread(target=self._write, name="log", daemon=True).start()
        threading.excepthook = self._log_exception
        sys.unraisablehook = self._log_exception  # exceptions in callbacks of the library

    def __call__(self, level: str, name: str, message: str) -> None:
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(line(level, name, message).encode() + b"\n")

    def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Wait up to ``seconds`` for the queued lines to be written."""
        deadline = time.monotonic() + seconds
        while self._lines.unfinished_tasks and time.monotonic() < deadline:
            time.sleep(0.005)

    def _log_exception(self, error: threading.ExceptHookArgs | sys.UnraisableHookArgs) -> None:
        """Log the type and position of an exception, never its message."""
        frames = traceback.extract_tb(error.exc_traceback)
        where = f"{Path(frames[-1].filename).stem} line {frames[-1].lineno}" if frames else "?"
        kind = error.exc_type.__name__ if error.exc_type else "?"
        self("error", "Engine", f"{kind} at {where}")

    def _write(self) -> None:
        while True:
            line = self._lines.get()
            with contextlib.suppress(OSError):
                os.write(self._fd, line)
            self._lines.task_done()


def _memory_file(fallback: int) -> int:
    try:
        return os.memfd_create("engine-stderr")
    except (AttributeError, OSError):
        return fallback


MAX_CHARACTERS = 600

_SAFE_ATTRIBUTES = frozenset({"xmlns", "type", "class", "code", "reason", "stage", "state"})
_TAG = re.compile(r"<(/?)([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+=\"[^\"]*\")*)\s*(/?)>")
_ATTRIBUTE = re.compile(r"([\w:.-]+)=\"([^\"]*)\"")
_HARMLESS_VALUE = re.compile(r"[a-zA-Z0-9:_.-]{1,24}")
_QR = re.compile(r"(QR code) .*", re.DOTALL)
_NAME = re.compile(r"(ush name of) .*", re.DOTALL)
_PROXY_LOGIN = re.compile(r"(?<=://)[^\s/@]+(?=@)")
_KEY_LIKE = re.compile(r"[A-Za-z0-9+/=_@,-]{20,}")
_DIGITS = re.compile(r"\d{5,}")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def line(level: str, name: str, message: str) -> str:
    """Return one line for the gateway: ``whatsapp <level> <logger>: <redacted message>``."""
    clean = _stanza(message) if name.endswith(("/Recv", "/Send")) else _plain(message)
    words = " ".join(clean.split())
    return f"whatsapp {level.lower()} {name}: {words[:MAX_CHARACTERS]}"


def _plain(message: str) -> str:
    """Redact QR texts, names, logins, quotations, keys and numbers in ``message``."""
    start, end = message.find("<"), message.rfind(">")
    if -1 < start < end:
        return _plain(message[:start]) + _stanza(message[start : end + 1])
    message = _QR.sub(r"\1 …", message)
    message = _NAME.sub(r"\1 …", message)
    message = _PROXY_LOGIN.sub("…", _QUOTED.sub("…", message))
    return _DIGITS.sub("…", _KEY_LIKE.sub("…", message))


def _stanza(message: str) -> str:
    """Return only the tags in ``message``, without the text between them."""
    return "".join(_tag(match) for match in _TAG.finditer(message))


def _tag(match: re.Match[str]) -> str:
    closing, name, attributes, empty = match.groups()
    kept = [
        f' {key}="{value}"'
        for key, value in _ATTRIBUTE.findall(attributes)
        if key in _SAFE_ATTRIBUTES and _HARMLESS_VALUE.fullmatch(value)
    ]
    return f"<{closing}{name}{''.join(kept)}{empty}>"
