"""A killed restore leaves nothing half done, and can be repeated."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.wire.product import PROJECT, Product, Simulator, wait_for

ROOM = ".copying-*"  # the folder where the keys are unpacked
MARK = "whatsapp/restoring.mark"


@pytest.fixture
def secret(tmp_path: Path) -> tuple[str, str]:
    phrase = tmp_path / "phrase"
    phrase.write_text("correct horse battery staple")
    return "--passphrase-file", str(phrase)


def move_house(product: Product) -> None:
    """Delete the database and the keys, which leaves an empty installation."""
    assert product.stop() == 0
    (product.folder / "data").rename(product.folder / "data-before")
    (product.folder / "data").mkdir()
    for file in product.folder.glob("pairline.sqlite3*"):
        file.unlink()
    product.manage("migrate", "-v0")


def kill_restore(product: Product, file: str, secret: tuple[str, str], sign: str) -> None:
    """Start a restore, and kill it as soon as the data folder has a file named ``sign``."""
    restore = subprocess.Popen(
        [sys.executable, "manage.py", "restore", file, *secret],
        cwd=PROJECT,
        env=product.environment,
        stdout=subprocess.DEVNULL,
    )
    data = product.folder / "data"
    wait_for(lambda: list(data.glob(sign)) or restore.poll() is not None, sign, pause=0.0005)
    restore.kill()
    restore.wait()


def accounts(product: Product) -> int:
    with closing(sqlite3.connect(product.folder / "pairline.sqlite3")) as rows:
        return int(rows.execute("SELECT count(*) FROM locations_account").fetchone()[0])


@pytest.mark.parametrize("sign", [ROOM, MARK, "whatsapp/*.sqlite3"])
def test_it_leaves_nothing_and_can_be_repeated(
    product: Product, simulator: Simulator, secret: tuple[str, str], sign: str
) -> None:
    session, number = product.link()
    file = str(product.folder / "a.backup")
    product.manage("backup", *secret, "--output", file)
    move_house(product)

    kill_restore(product, file, secret, sign)

    if accounts(product) == 0:  # otherwise the commit was faster, and everything is restored
        product.manage("restore", file, *secret)
        assert not (product.folder / "data" / MARK).exists()
    product.start()
    assert product.until(session, status="ready")["phone_number"] == number
