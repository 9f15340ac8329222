"""Run all health checks. A check that fails or does not end is itself reported as a finding."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from core.health.checks import Check, registered
from core.health.findings import Finding
from sessions_app.diagnostics import database, machine, sessions
from sessions_app.diagnostics.runner import CheckGroup, run_all, shared_connection
from sessions_app.scheduler import status

DEFAULT_PORT = 8000

_DATABASE = (
    Check("database", database.database, needed=True),
    Check("migrations", database.migrations, needed=True),
    Check("clock", database.clock),
)
_SESSIONS = (
    Check("sessions", sessions.sessions),
    Check("linked keys", sessions.keys),
)
_ABOUT_SESSIONS = frozenset({"sessions", "stuck sessions", "linked keys", "orphaned keys"})
_INSTALLATION = (
    Check("sealed texts", sessions.seals),
    Check("gateway", sessions.gateways),
    Check("scheduled jobs", status.findings),
)
_MACHINE = (
    Check("key stores", machine.key_stores),
    Check("neonize", machine.neonize),
    Check("WhatsApp", machine.whatsapp),
    Check("data folder", machine.data_folder),
    Check("disk", machine.disk),
    Check("hints", machine.hints),
    Check("settings", machine.system_checks),
)


def run(port: int = DEFAULT_PORT) -> list[Finding]:
    """Run all checks, including those of sessions and keys. Takes ten seconds at most and never
    raises. ``port`` is the port on which the site is, or will be, served."""
    return _run((*_DATABASE, *_SESSIONS, *_INSTALLATION), port)


def installation(port: int = DEFAULT_PORT) -> list[Finding]:
    """Run all checks except those of the sessions themselves. See ``run``."""
    return _run((*_DATABASE, *_INSTALLATION), port)


def of_the_installation(found: Sequence[Finding]) -> list[Finding]:
    """Return the findings of ``run`` that ``installation`` also returns."""
    return [finding for finding in found if finding.name not in _ABOUT_SESSIONS]


def _run(of_database: Sequence[Check], port: int) -> list[Finding]:
    outside = (*_MACHINE, *registered(), Check("port", partial(machine.port, port)))
    groups = [
        CheckGroup(of_database, shared_connection()),
        *(CheckGroup([check]) for check in outside),
    ]
    found = run_all(groups)
    return [finding for findings in found.values() for finding in findings]
