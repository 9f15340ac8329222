"""Health checks of the database: whether it answers, its migrations, its clock."""

from __future__ import annotations

import time

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from core.health.findings import Finding
from core.health.severity import Severity
from sessions_app.diagnostics import machine_rules
from sessions_app.diagnostics.runner import first_line

CONNECT_SECONDS = 5
_TRIES = 5  # the median counts


def database() -> list[Finding]:
    """Check that the database answers, and measure how fast."""
    try:
        if connection.vendor == "postgresql":
            _dial_postgres()
        took = sorted(_answer_seconds() for _ in range(_TRIES))[_TRIES // 2]
    except Exception as error:  # psycopg's or Django's
        text = f"does not answer: {first_line(error)}"
        return [Finding("database", Severity.CRITICAL, text, "Start it, or correct DATABASE_URL.")]
    version = ".".join(str(part) for part in connection.get_database_version())
    text = f"{connection.display_name} {version} answers in {took * 1000:.2f} ms"
    return [Finding("database", Severity.OK, text)]


def _answer_seconds() -> float:
    with connection.cursor() as cursor:  # the first one connects
        began = time.monotonic()
        cursor.execute("SELECT 1")
        cursor.fetchone()
        return time.monotonic() - began


def _dial_postgres() -> None:
    """Connect once without Django's pool, which retries for half a minute. Raises
    psycopg.Error."""
    import psycopg  # loaded only where it is needed

    parameters = {**connection.get_connection_params(), "connect_timeout": CONNECT_SECONDS}
    psycopg.connect(**parameters).close()


def migrations() -> list[Finding]:
    """Check that all migrations are applied."""
    plan = MigrationExecutor(connection)
    missing = plan.migration_plan(plan.loader.graph.leaf_nodes())
    if not missing:
        count = len(plan.loader.applied_migrations)
        return [Finding("migrations", Severity.OK, f"all {count} are applied")]
    first = ", ".join(str(migration) for migration, _ in missing[:2])
    verb = "is" if len(missing) == 1 else "are"
    text = f"{len(missing)} {verb} not applied, first {first}"
    return [Finding("migrations", Severity.CRITICAL, text, "manage.py migrate")]


def clock() -> list[Finding]:
    """Compare the clocks: leases use the database's, codes use this machine's."""
    if connection.vendor == "sqlite":  # it has no clock of its own
        return []
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        theirs = cursor.fetchone()[0]
    ahead = (timezone.now() - theirs).total_seconds()
    return [machine_rules.of_clock(ahead, "the database")]
