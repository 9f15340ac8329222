"""What an engine may say on its standard output and error: the library's log, redacted.

The library prints to both on its own. Its standard output is thrown away. Its standard error is
kept in memory, where the gateway can read the last words of a crashed engine through
``/proc/<pid>/fd/2``, if it opened that while the engine lived; they hold code positions, no
data. The log goes to what was the standard error at the start.
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


class Log:
    """Writes redacted lines to the original standard error; drops lines rather than wait."""

    def __init__(self) -> None:
        """Take the standard output and error away from everybody else."""
        self._fd = os.dup(2)
        self._lines: queue.Queue[bytes] = queue.Queue(_WAITING_LINES)
        nothing = os.open(os.devnull, os.O_RDWR)
        sys.stdout.flush()
        os.dup2(nothing, 1)
        os.dup2(_kept_in_memory(nothing), 2)
        threading.Thread(target=self._write, name="log", daemon=True).start()
        threading.excepthook = self._mistake
        sys.unraisablehook = self._mistake  # an exception in what the library calls

    def __call__(self, level: str, name: str, message: str) -> None:
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(line(level, name, message).encode() + b"\n")

    def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Let what waits be written, for ``seconds`` at most."""
        until = time.monotonic() + seconds
        while self._lines.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.005)

    def _mistake(self, error: threading.ExceptHookArgs | sys.UnraisableHookArgs) -> None:
        """A mistake of ours is worth a line: what and where, never with what data."""
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


def _kept_in_memory(otherwise: int) -> int:
    try:
        return os.memfd_create("engine-stderr")
    except (AttributeError, OSError):
        return otherwise


MAX_CHARACTERS = 600

_SAFE_ATTRIBUTES = frozenset({"xmlns", "type", "class", "code", "reason", "stage", "state"})
_TAG = re.compile(r"<(/?)([A-Za-z][\w:.-]*)((?:\s+[\w:.-]+=\"[^\"]*\")*)\s*(/?)>")
_ATTRIBUTE = re.compile(r"([\w:.-]+)=\"([^\"]*)\"")
_HARMLESS_VALUE = re.compile(r"[a-zA-Z0-9:_.-]{1,24}")
_QR = re.compile(r"(QR code) .*", re.DOTALL)
_NAME = re.compile(r"(ush name of) .*", re.DOTALL)
_LOGIN = re.compile(r"(?<=://)[^\s/@]+(?=@)")  # of a proxy
_KEY_LIKE = re.compile(r"[A-Za-z0-9+/=_@,-]{20,}")
_DIGITS = re.compile(r"\d{5,}")
_QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


def line(level: str, name: str, message: str) -> str:
    """One line for the gateway: ``whatsapp <level> <logger>: <what may be said>``."""
    clean = _stanza(message) if name.endswith(("/Recv", "/Send")) else _plain(message)
    words = " ".join(clean.split())
    return f"whatsapp {level.lower()} {name}: {words[:MAX_CHARACTERS]}"


def _plain(message: str) -> str:
    """A sentence of the library: without stanzas, QR texts, numbers, keys and quotations."""
    start, end = message.find("<"), message.rfind(">")
    if -1 < start < end:
        return _plain(message[:start]) + _stanza(message[start : end + 1])
    message = _QR.sub(r"\1 …", message)
    message = _NAME.sub(r"\1 …", message)
    message = _LOGIN.sub("…", _QUOTED.sub("…", message))
    return _DIGITS.sub("…", _KEY_LIKE.sub("…", message))


def _stanza(message: str) -> str:
    """The tags in ``message`` alone: all text between them is dropped."""
    return "".join(_tag(match) for match in _TAG.finditer(message))


def _tag(match: re.Match[str]) -> str:
    closing, name, attributes, empty = match.groups()
    kept = [
        f' {key}="{value}"'
        for key, value in _ATTRIBUTE.findall(attributes)
        if key in _SAFE_ATTRIBUTES and _HARMLESS_VALUE.fullmatch(value)
    ]
    return f"<{closing}{name}{''.join(kept)}{empty}>"
