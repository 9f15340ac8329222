"""A backup of 1,000 numbers while the site runs: how long it takes, and how much memory."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

from bench.pages import fill
from bench.progress import counted, say
from bench.table import Judged, Row
from bench.world import fresh_world
from tests.wire.product import EMAIL, PROJECT, Product

SECONDS, MEGABYTES = 60.0, 200.0
_TURNS = 3  # each takes seconds; they hardly differ
_FILL = ("--locations", "1100", "--live", "1100", "--past", "0", "--messages", "50000")


def backup(runs: int) -> list[Row]:
    """``manage.py backup``, the reading of what it wrote included: wall time and peak memory."""
    with fresh_world() as world:
        product, _ = world.start_product()
        session, _ = product.link()
        say("filling an account: 1,000 linked numbers, 50,000 messages")
        fill(product, EMAIL, *_FILL)
        linked = _make_keys(product, session)
        product.manage("backup", "--new-key-file", str(product.folder / "key"))
        turns = counted("backing up", min(runs, _TURNS))
        taken = [_measure(product, turn) for turn in turns]
    seconds = [one for one, _ in taken]
    memory = [one for _, one in taken]
    note = f"{linked:,} linked numbers with keys, 50,000 messages; read again afterwards"
    what = "backup of 1,000 numbers"
    return [
        Row("backup", what, "s", seconds, [], Judged.WORST, SECONDS, note=note),
        Row("backup-memory", f"{what}, peak", "MB", memory, [], Judged.WORST, MEGABYTES),
    ]


def _make_keys(product: Product, session: str) -> int:
    """A key file for each linked session, as large as that of ``session``; how many."""
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


def _measure(product: Product, turn: int) -> tuple[float, float]:
    """Seconds of wall time, and the peak of resident memory in MB."""
    target = product.folder / f"{turn}.backup"
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
