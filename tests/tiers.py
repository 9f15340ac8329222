"""Run the tiers of the tests, and print one table with the results.

A tier that runs no test, or that cannot run, is a failure. Only the browser tier may be left out,
on a machine without Chromium that is not CI, and the table shows that.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PYTEST = (sys.executable, "-m", "pytest", "-q")
MEMORY = Path("/dev/shm")
PARALLEL = ("-n", "2", "--dist", "loadfile")
MORE_PARALLEL = ("-n", "4", "--dist", "worksteal")  # they mostly wait for timers
EACH_ALONE = (
    "-n",
    "3",
    "--dist",
    "load",
)  # few tests that share no fixtures
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Tier:
    """A tier: its name, and the commands that must all succeed."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    engines: bool = False  # on a real PostgreSQL and a real Redis
    counts_tests: bool = True


@dataclass
class Result:
    tier: str
    passed: bool = True
    tests: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    note: str = ""
    failures: list[str] = field(default_factory=list)


TIERS = (
    Tier(
        "lint and types",
        (
            (str(BIN / "ruff"), "check", "."),
            (str(BIN / "ruff"), "format", "--check", "."),
            (str(BIN / "mypy"), "."),
            (str(BIN / "lint-imports"), "--no-cache"),
            (sys.executable, "manage.py", "makemigrations", "--check", "--dry-run"),
        ),
        counts_tests=False,
    ),
    Tier("unit", ((*PYTEST, *PARALLEL, "tests/unit"),)),
    Tier("architecture", ((*PYTEST, *PARALLEL, "tests/architecture"),)),
    Tier("integration on SQLite", ((*PYTEST, *PARALLEL, "tests/integration"),)),
    Tier(
        "integration on PostgreSQL and Redis",
        # The server is deleted afterwards. Dropping its databases one by one would fail on
        # connections that threads still hold.
        ((*PYTEST, *PARALLEL, "--reuse-db", "tests/integration"),),
        engines=True,
    ),
    Tier("wire", ((*PYTEST, *MORE_PARALLEL, "tests/wire"),)),
    Tier("chaos", ((*PYTEST, *EACH_ALONE, "tests/chaos"),)),
    Tier("browser", ((*PYTEST, *PARALLEL, "tests/browser"),)),
)
# One step after another; in a step, its lanes side by side. The tiers of the wire wait for timers
# half of their time, and leave the processors to what computes.
STEPS = ((("wire", "unit"), ("lint", "architecture", "chaos")), (("integration", "browser"),))


def main() -> int:
    options = _options()
    results = [result for lanes in STEPS for result in _run_step(lanes, options.tier)]
    _print_table(results)
    return 0 if all(result.passed for result in results) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/test")
    names = sorted({tier.name.split()[0] for tier in TIERS})
    parser.add_argument("tier", nargs="*", help=f"only these tiers: {', '.join(names)}")
    return parser.parse_args()


@contextmanager
def _own_folder() -> Iterator[Path]:
    """A temporary folder for a tier alone, in memory where the machine offers it: a run of pytest
    that begins beside it would close pytest's folder to PostgreSQL's user."""
    parent = os.environ.get("TMPDIR") or (str(MEMORY) if os.access(MEMORY, os.W_OK) else None)
    with tempfile.TemporaryDirectory(
        prefix="pairline-", dir=parent, ignore_cleanup_errors=True
    ) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def _run_step(lanes: Sequence[Sequence[str]], wanted: list[str]) -> list[Result]:
    chosen = [[name for name in lane if not wanted or name in wanted] for lane in lanes]
    with ThreadPoolExecutor(len(chosen)) as pool:
        return [result for results in pool.map(_run_lane, chosen) for result in results]


def _run_lane(names: list[str]) -> list[Result]:
    return [_run(tier) for name in names for tier in TIERS if tier.name.split()[0] == name]


def _run(tier: Tier) -> Result:
    result, began = Result(tier.name), time.monotonic()
    if tier.name == "browser" and not _has_chromium():
        result.note = "no Chromium found (Debian: apt install chromium)"
        result.passed = os.environ.get("CI") != "true"
        return result
    with _own_folder() as folder, _engines(folder) if tier.engines else _no_engines() as engines:
        for command in tier.commands:
            _run_command(command, {"TMPDIR": str(folder), **engines}, result)
    if tier.counts_tests and result.tests == 0:
        result.passed, result.note = False, "no test ran"
    result.seconds = time.monotonic() - began
    return result


def _run_command(command: tuple[str, ...], environment: dict[str, str], result: Result) -> None:
    process = subprocess.Popen(
        command, cwd=PROJECT, env={**os.environ, **_SECRET, **environment},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    last = ""
    for line in process.stdout:
        _say(f"{result.tier.split()[0]:<12} | {line.rstrip()}".rstrip())
        last = line.strip() or last
    if process.wait() != 0:
        result.passed = False
        result.failures.append(Path(command[0]).name)
    counts = {word: int(count) for count, word in re.findall(r"(\d+) (\w+)", last)}
    result.tests += counts.get("passed", 0)
    result.skipped += counts.get("skipped", 0)
    result.failed += counts.get("failed", 0) + counts.get("error", 0) + counts.get("errors", 0)


# Tools such as mypy's Django plugin read the settings, which demand a key.
_SECRET = {"DJANGO_SECRET_KEY": "tests-only-" + "x" * 50, "WHATSAPP_SIMULATOR": ""}


@contextmanager
def _no_engines() -> Iterator[dict[str, str]]:
    yield {}


@contextmanager
def _engines(folder: Path) -> Iterator[dict[str, str]]:
    """A real PostgreSQL and a real Redis from the package index, in ``folder``."""
    from tests.servers import start_postgres, start_redis

    postgres, redis = start_postgres(folder / "postgres"), start_redis(folder)
    try:
        yield {
            "TEST_DATABASE_URL": postgres.get_uri(),
            "TEST_REDIS_URL": f"unix://{redis.socket_file}",
        }
    finally:
        redis.shutdown()
        postgres.cleanup()


def _has_chromium() -> bool:
    return any(shutil.which(name) for name in CHROMIUM_NAMES)


def _print_table(results: list[Result]) -> None:
    _say("")
    for result in results:
        verdict = "ok" if result.passed else "FAILED"
        counted = f"{result.tests} passed" + (
            f", {result.skipped} skipped" if result.skipped else ""
        )
        notes = " ".join([result.note, *result.failures]).strip()
        _say(f"{result.tier:<36} {verdict:<7} {counted:<24} {result.seconds:6.1f} s  {notes}")
    _say(f"{sum(r.passed for r in results)} of {len(results)} tiers are ok.")
    passed, failed, skipped = (
        sum(counts)
        for counts in zip(*((r.tests, r.failed, r.skipped) for r in results), strict=True)
    )
    _say(f"tests: {passed} passed, {failed} failed, {skipped} skipped")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")  # in one piece: lanes write side by side
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
