"""What a victim saw during an attack, its limits, and the table. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.table import p95

PAGE_MS, PAGE_TIMES_QUIET = 300.0, 3.0
CODE_S, WEBHOOK_S, SEND_S = 2.0, 2.0, 1.0
MEMORY_TIMES = 1.2


@dataclass
class Seen:
    """What the victim saw in some time: seconds of each page, new code, webhook and send. What
    never came counts with the seconds that were waited for it. ``errors``: requests of the
    victim that failed in any way."""

    pages: list[float] = field(default_factory=list)
    codes: list[float] = field(default_factory=list)
    webhooks: list[float] = field(default_factory=list)
    sends: list[float] = field(default_factory=list)
    errors: int = 0

    @property
    def page_ms(self) -> float:
        """The 95th percentile of the pages in milliseconds; infinite if none came."""
        return 1_000 * p95(self.pages) if self.pages else float("inf")


@dataclass(frozen=True)
class Outcome:
    """An attack on one database. ``lost``: leases that were lost. ``memory``: resident memory of
    the serving process in MB before the attack, and a minute after it. ``attacker``: how many of
    its requests were answered with each status. ``note``: what limited the attack, if anything."""

    database: str
    attack: str
    quiet: Seen
    seen: Seen
    lost: int
    memory: tuple[float, float]
    attacker: dict[str, int]
    note: str = ""

    @property
    def page_limit_ms(self) -> float:
        return min(PAGE_MS, PAGE_TIMES_QUIET * self.quiet.page_ms)

    @property
    def misses(self) -> list[str]:
        """The names of the limits that were not met."""
        measured = {
            "page": (self.seen.page_ms, self.page_limit_ms),
            "code": (_worst(self.seen.codes), CODE_S),
            "webhook": (_worst(self.seen.webhooks), WEBHOOK_S),
            "send": (_worst(self.seen.sends), SEND_S),
            "leases": (self.lost, 0),
            "errors": (self.seen.errors + self.attacker_errors, 0),
            "memory": (self.memory[1], MEMORY_TIMES * self.memory[0]),
        }
        return [name for name, (value, limit) in measured.items() if value > limit]

    @property
    def attacker_errors(self) -> int:
        return sum(count for status, count in self.attacker.items() if status.startswith("5"))

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "misses": self.misses}


def _worst(samples: Sequence[float]) -> float:
    """Return the longest time; infinite if there is none, for nothing was measured."""
    return max(samples, default=float("inf"))


HEAD = (
    "database", "attack", "page p95", "limit", "code", "webhook", "send", "leases lost", "errors",
    "memory", "attacker's answers", "",
)  # fmt: skip


def render(outcomes: Sequence[Outcome]) -> str:
    """Format the outcomes as aligned columns, with the notes below."""
    lines = [HEAD, *(_cells(outcome) for outcome in outcomes)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    text = [_aligned(line, widths) for line in lines]
    text.insert(1, "─" * max(len(line) for line in text))
    text += [f"{one.database}, {one.attack}: {one.note}" for one in outcomes if one.note]
    met = sum(not outcome.misses for outcome in outcomes)
    text.append(f"{met} of {len(outcomes)} met; code, webhook and send are the slowest of each")
    return "\n".join(text)


def _aligned(line: Sequence[str], widths: Sequence[int]) -> str:
    cells = (f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True))
    return "  ".join(cells).rstrip()


def _cells(outcome: Outcome) -> tuple[str, ...]:
    seen, (before, after) = outcome.seen, outcome.memory
    return (
        outcome.database,
        outcome.attack,
        f"{seen.page_ms:.0f} ms",
        f"{outcome.page_limit_ms:.0f} ms",
        *(f"{_worst(samples):.2f} s" for samples in (seen.codes, seen.webhooks, seen.sends)),
        str(outcome.lost),
        str(seen.errors + outcome.attacker_errors),
        f"{before:.0f} → {after:.0f} MB",
        " ".join(f"{count}×{status}" for status, count in sorted(outcome.attacker.items())),
        f"NOT met: {', '.join(outcome.misses)}" if outcome.misses else "met",
    )
