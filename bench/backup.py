"""Rows about a backup of 1,000 numbers while the site runs: its duration and peak memory."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

from bench.pages import fill
from bench.progress import counted, show_step
from bench.table import Criterion, Row
from bench.testbed import fresh_testbed
from tests.wire.product import EMAIL, PROJECT, Product

SECONDS, MEGABYTES = 60.0, 200.0
_MAX_RUNS = 3  # each takes seconds, and they hardly differ
_FILL = ("--locations", "1100", "--live", "1100", "--past", "0", "--messages", "50000")


def backup(runs: int) -> list[Row]:
    """Measure ``manage.py backup``, including the verification of the file it wrote."""
    with fresh_testbed() as testbed:
        product, _ = testbed.start_product()
        session, _ = product.link()
        show_step("seeding an account: 1,000 linked numbers, 50,000 messages")
        fill(product, EMAIL, *_FILL)
        linked = _make_keys(product, session)
        product.manage("backup", "--new-key-file", str(product.folder / "key"))
        steps = counted("backup", min(runs, _MAX_RUNS))
        measured = [_measure(product, number) for number in steps]
    seconds = [one for one, _ in measured]
    memory = [one for _, one in measured]
    note = f"{linked:,} linked numbers with keys, 50,000 messages; includes the verification"
    what = "backup of 1,000 numbers"
    return [
        Row("backup", what, "s", seconds, [], Criterion.WORST, SECONDS, note=note),
        Row("backup-memory", f"{what}, peak", "MB", memory, [], Criterion.WORST, MEGABYTES),
    ]


def _make_keys(product: Product, session: str) -> int:
    """Copy the key file of ``session`` for each linked session. Return the number of key files."""
    folder = product.folder / "data" / "whatsapp"
    with closing(sqlite3.connect(product.folder / "pairline.sqlite3")) as database:
        rows = database.execute("SELECT id, jid FROM sessions_app_session WHERE jid <> ''")
        linked = dict(rows.fetchall())
    real = folder / f"{session}.sqlite3"
    linked.pop(session.replace("-", ""))
    for number, jid in linked.items():
        _copy(real, folder / f"{_dashed(number)}.sqlite3", jid)
    return len(linked) + 1


def _copy(real: Path, to: Path, jid: str) -> None:
    with closing(sqlite3.connect(real)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)
        target.execute("UPDATE whatsmeow_device SET jid = ?", (jid,))
        target.commit()


def _dashed(number: str) -> str:
    return "-".join((number[:8], number[8:12], number[12:16], number[16:20], number[20:]))


def _measure(product: Product, number: int) -> tuple[float, float]:
    """Return the wall time in seconds, and the peak resident memory in MB."""
    target = product.folder / f"{number}.backup"
    began = time.monotonic()
    process = subprocess.Popen(
        [product.python, "manage.py", "backup", "--key-file", str(product.folder / "key"),
         "--output", str(target)],
        cwd=PROJECT,
        env=product.environment,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, "the backup failed"
    shutil.move(target, product.folder / "last.backup")
    return seconds, used.ru_maxrss * 1024 / 1e6
