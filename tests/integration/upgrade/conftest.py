"""The database of an older version, loaded from the dumps in this folder."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
import pytest

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
SERVER = os.environ.get("TEST_DATABASE_URL", "")

Tables = dict[str, list[dict[str, Any]]]


class OldDatabase:
    """A database at ``url``, which ``connect`` opens with the driver itself."""

    def __init__(self, url: str, names_query: str, connect: Callable[[], Any]) -> None:
        self.url, self._names_query, self._connect = url, names_query, connect

    def query(self, statement: str) -> list[dict[str, Any]]:
        """Return the rows of ``statement`` as dictionaries."""
        with closing(self._connect()) as database:
            cursor = database.execute(statement)
            columns = [column[0] for column in cursor.description]
            return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]

    def tables(self) -> Tables:
        """Return the rows of every table, by its name."""
        names = [row["name"] for row in self.query(self._names_query)]
        return {name: self.query(f'SELECT * FROM "{name}"') for name in names}  # noqa: S608

    def manage(self, *arguments: str) -> str:
        """Run a command of manage.py on this database; return what it prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=PROJECT,
            env={**os.environ, "DATABASE_URL": self.url},
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def _sqlite(folder: Path) -> OldDatabase:
    path = folder / "old.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.executescript((HERE / "sqlite.sql").read_text())
    names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    return OldDatabase(f"sqlite:///{path}", names, lambda: sqlite3.connect(path))


def _postgresql(name: str) -> OldDatabase:
    url = urlsplit(SERVER)._replace(path=f"/{name}").geturl()
    with psycopg.connect(url) as database:
        database.execute((HERE / "postgresql.sql").read_bytes())
    names = "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'"
    return OldDatabase(url, names, lambda: psycopg.connect(url))


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OldDatabase]:
    """Return the database as the older version left it: on SQLite, or on PostgreSQL in the run of
    this tier that has a server."""
    if not SERVER:
        yield _sqlite(tmp_path_factory.mktemp("upgrade"))
        return
    name = f"upgrade_{uuid4().hex}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield _postgresql(name)
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
