"""Measure the arrangement, the names and the wording of the application code.

Run ``python -m tests.architecture.measure`` for a table, or with ``--json`` for one JSON object.
The code measured is that of the apps, without tests and migrations.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from tests.architecture.sources import APPS, Module, length, modules

# Nouns of the trade that end in -ing. Any other module named with a gerund needs a better name.
NOUNS = frozenset(
    [
        "dialing",
        "logging",
        "mapping",
        "masking",
        "outgoing",
        "provisioning",
        "routing",
        "streaming",
        "throttling",
        "wording",
    ]
)
# Django finds a command by the class name, so every command has the same one.
NAMED_BY_DJANGO = frozenset(["Command"])
REPORTING_WORDS = r"told|tells?|says?|said"
PERSON_WORDS = r"nobody|somebody"


@dataclass(frozen=True)
class Measurements:
    """Pairline's column of the comparison."""

    function_median: int
    function_p90: int
    function_max: int
    typed_returns_percent: float
    widest_folders: list[tuple[str, int]]
    gerund_modules: list[str]
    duplicate_classes: dict[str, list[str]]
    told_says_per_1000_words: float
    nobody_somebody_per_1000_words: float


def measure(found: Sequence[Module]) -> Measurements:
    """Return the measurements of ``found``."""
    functions = [function for module in found for function in module.functions()]
    lengths = sorted(length(function) for function in functions)
    typed = sum(function.returns is not None for function in functions)
    return Measurements(
        function_median=percentile(lengths, 50),
        function_p90=percentile(lengths, 90),
        function_max=lengths[-1],
        typed_returns_percent=round(100 * typed / len(functions), 1),
        widest_folders=folder_sizes(found).most_common(3),
        gerund_modules=gerund_modules(found),
        duplicate_classes=duplicate_classes(found),
        told_says_per_1000_words=rate(found, REPORTING_WORDS),
        nobody_somebody_per_1000_words=rate(found, PERSON_WORDS),
    )


def percentile(ordered: Sequence[int], percent: int) -> int:
    """Return the value that ``percent`` of the ``ordered`` values do not exceed (nearest rank)."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def folder_sizes(found: Sequence[Module]) -> Counter[str]:
    """Count the Python files of each folder, without ``__init__.py``."""
    return Counter(module.folder for module in found if module.stem != "__init__")


def gerund_modules(found: Sequence[Module]) -> list[str]:
    """Return the modules whose name, or last word of it, is a gerund and not in ``NOUNS``."""
    return [
        module.name
        for module in found
        if module.stem.endswith("ing") and module.stem.split("_")[-1] not in NOUNS
    ]


def duplicate_classes(found: Sequence[Module]) -> dict[str, list[str]]:
    """Map each class name that is defined in several modules to those modules."""
    places = defaultdict(list)
    for module in found:
        for node in module.classes():
            if node.name not in NAMED_BY_DJANGO:
                places[node.name].append(module.name)
    return {name: places[name] for name in sorted(places) if len(places[name]) > 1}


def rate(found: Sequence[Module], words: str) -> float:
    """Return how often the pattern ``words`` occurs in 1,000 words of comments and docstrings."""
    remarks = " ".join(text for module in found for _, text in module.remarks())
    total = len(re.findall(r"[A-Za-z'’]+", remarks))
    return round(1000 * len(re.findall(rf"\b({words})\b", remarks, re.IGNORECASE)) / total, 1)


def rows(measured: Measurements) -> list[tuple[str, str]]:
    """Return (what, value) of the printed table."""
    lines = (measured.function_median, measured.function_p90, measured.function_max)
    widest = [f"{size} ({folder})" for folder, size in measured.widest_folders]
    return [
        ("function length, median / p90 / max (lines)", " / ".join(map(str, lines))),
        ("typed returns", f"{measured.typed_returns_percent:g} %"),
        ("widest folders (Python files side by side)", " · ".join(widest)),
        ("modules named with a gerund", _counted(measured.gerund_modules)),
        ("class names with two or more meanings", _counted(list(measured.duplicate_classes))),
        ('"told / says" in 1,000 words of comments', str(measured.told_says_per_1000_words)),
        (
            '"nobody / somebody" in 1,000 words of comments',
            str(measured.nobody_somebody_per_1000_words),
        ),
    ]


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)} ({', '.join(names)})" if names else "0"


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args(arguments)
    measured = measure(modules(*APPS))
    if chosen.json:
        sys.stdout.write(json.dumps(asdict(measured), indent=2) + "\n")
        return
    width = max(len(name) for name, _ in rows(measured))
    for name, value in rows(measured):
        sys.stdout.write(f"{name:<{width}}  {value}\n")


if __name__ == "__main__":
    main()
