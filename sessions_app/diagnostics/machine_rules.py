"""Rules that turn facts about the machine into findings. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.health.findings import Finding
from core.health.severity import Severity
from core.text.units import plural, size
from sessions_app.diagnostics import advice

CLOCK_NOTE_SECONDS, CLOCK_PROBLEM_SECONDS = 5.0, 30.0
DISK_NOTE_BYTES, DISK_PROBLEM_BYTES = 1_000_000_000, 200_000_000


def of_library(version: str, tested: str, seconds: float) -> Finding:
    """Compare the ``version`` of neonize, which loaded in ``seconds``, with the newest ``tested``
    one."""
    if version != tested:
        text = f"neonize {version} is installed, but {tested} is the newest that was tested"
        return Finding("neonize", Severity.CRITICAL, text, advice.LIBRARY)
    return Finding(
        "neonize", Severity.OK, f"{version} as tested, an engine starts in {seconds:.2f} s"
    )


def of_disk(free: int, total: int, folder: Path) -> Finding:
    """Judge the ``free`` space, of ``total`` bytes, for ``folder``."""
    share = f" ({100 * free / total:.0f} %)" if total else ""
    text = f"{size(free)}{share} free for {folder}"
    if free < DISK_PROBLEM_BYTES:
        return Finding("disk", Severity.CRITICAL, text, advice.free_space(folder))
    if free < DISK_NOTE_BYTES:
        return Finding("disk", Severity.WARNING, text, advice.free_space(folder))
    return Finding("disk", Severity.OK, text)


def of_clock(ahead: float, of_what: str) -> Finding:
    """Judge a clock that is ``ahead`` seconds ahead of another one (behind, if negative)."""
    off = abs(ahead)
    text = f"{off:.1f} s {'ahead of' if ahead > 0 else 'behind'} {of_what}"
    if off > CLOCK_PROBLEM_SECONDS:
        return Finding("clock", Severity.CRITICAL, text, advice.CLOCK)
    if off > CLOCK_NOTE_SECONDS:
        return Finding("clock", Severity.WARNING, text, advice.CLOCK)
    return Finding("clock", Severity.OK, text)


def of_key_database(devices: int, seconds: float) -> Finding:
    """Describe a key database with ``devices`` that answered in ``seconds``."""
    noun = "device" if devices == 1 else "devices"
    text = f"{devices} {noun} in the key database, which answers in {seconds * 1000:.1f} ms"
    return Finding("key stores", Severity.OK, text)


def of_aside(lines: Mapping[str, int], folder: Path) -> list[Finding]:
    """Report the messages that could not be read or stored, as ``lines`` by file in ``folder``.
    Empty if there are none."""
    total = sum(lines.values())
    if not total:
        return []
    files = plural(sum(map(bool, lines.values())), "number")
    text = f"{plural(total, 'message or receipt', 'messages or receipts')} of {files} in {folder}"
    return [Finding("set aside", Severity.ERROR, text, advice.ASIDE)]
