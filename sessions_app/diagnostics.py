"""Looks at everything that has to be right, and says what is not. Survives whatever is broken:
a look that fails is itself a finding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from sessions_app import findings, job_looks, machine_looks, row_looks
from sessions_app.findings import Finding, Level

DEFAULT_PORT = 8000
DATABASE_SECONDS = 5

Look = Callable[[], list[Finding]]

_IN_THE_DATABASE: Sequence[tuple[str, Look]] = (
    ("sessions", row_looks.sessions),
    ("key stores", row_looks.keys),
    ("sealed texts", row_looks.seals),
    ("gateway", row_looks.gateways),
    ("scheduled jobs", job_looks.findings),
)
_ON_THE_MACHINE: Sequence[tuple[str, Look]] = (
    ("neonize", machine_looks.neonize),
    ("WhatsApp", machine_looks.whatsapp),
    ("data folder", machine_looks.data_folder),
    ("disk", machine_looks.disk),
    ("hints", machine_looks.hints),
    ("settings", machine_looks.system_checks),
)


def run(port: int = DEFAULT_PORT) -> list[Finding]:
    """Everything, in the order in which faults hide each other. Takes a few seconds at most;
    never raises. ``port``: where the site is, or is to be, served."""
    database = _guarded("database", _database)
    found = [*database]
    if all(finding.level is not Level.PROBLEM for finding in database):
        for name, look in _IN_THE_DATABASE:
            found += _guarded(name, look)
    else:
        names = ", ".join(name for name, _ in _IN_THE_DATABASE)
        found.append(Finding("not looked at", Level.NOTE, f"{names}: the database comes first"))
    for name, look in _ON_THE_MACHINE:
        found += _guarded(name, look)
    return found + _guarded("port", partial(machine_looks.port, port))


def _guarded(name: str, look: Look) -> list[Finding]:
    try:
        return look()
    except Exception as error:  # whatever it is, the other looks go on
        text = f"cannot be looked at: {type(error).__name__}: {_first_line(error)}"
        return [Finding(name, Level.PROBLEM, text, "Mend that first, then run this again.")]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or ["it says nothing more"])[0][:160]


def _database() -> list[Finding]:
    """Whether it answers and has its tables."""
    began = time.monotonic()
    try:
        if connection.vendor == "postgresql":
            _dial_postgres()
        connection.ensure_connection()
    except Exception as error:  # psycopg's or Django's
        text = f"does not answer: {_first_line(error)}"
        return [Finding("database", Level.PROBLEM, text, "Start it, or correct DATABASE_URL.")]
    plan = MigrationExecutor(connection)
    missing = plan.migration_plan(plan.loader.graph.leaf_nodes())
    seconds = time.monotonic() - began
    if missing:
        first = ", ".join(str(migration) for migration, _ in missing[:2])
        text = f"{len(missing)} migrations are not applied, first {first}"
        return [Finding("database", Level.PROBLEM, text, "manage.py migrate")]
    return [
        Finding("database", Level.OK, f"{connection.display_name} answers in {seconds:.2f} s"),
        *_database_clock(),
    ]


def _dial_postgres() -> None:
    """One try past Django's pool, which tries for half a minute. Raises psycopg.Error."""
    import psycopg  # only installations with PostgreSQL pay for its driver

    parameters = {**connection.get_connection_params(), "connect_timeout": DATABASE_SECONDS}
    psycopg.connect(**parameters).close()


def _database_clock() -> list[Finding]:
    """Leases go by the database's clock, codes by ours: they have to agree."""
    if connection.vendor == "sqlite":  # it has no clock of its own
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        theirs = cursor.fetchone()[0]
    ahead = (timezone.now() - theirs).total_seconds()
    return [findings.of_clock(ahead, "the database")]
