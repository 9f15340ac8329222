"""Looks at everything that has to be right, and says what is not. Survives whatever is broken:
a look that fails, or does not come to an end, is itself a finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from core.health.findings import Finding
from notifications.mail import health
from sessions_app.diagnostics import database, sessions
from sessions_app.diagnostics import machine as machine_looks
from sessions_app.diagnostics.runner import Lane, Look, lent_connection, look_all
from sessions_app.scheduler import status

DEFAULT_PORT = 8000

_DATABASE = (
    Look("database", database.database, needed=True),
    Look("migrations", database.migrations, needed=True),
    Look("clock", database.clock),
)
_SESSIONS = (
    Look("sessions", sessions.sessions),
    Look("linked keys", sessions.keys),
)
_ABOUT_SESSIONS = frozenset({"sessions", "stuck sessions", "linked keys", "orphaned keys"})
_INSTALLATION = (
    Look("sealed texts", sessions.seals),
    Look("gateway", sessions.gateways),
    Look("scheduled jobs", status.findings),
)
_MACHINE = (
    Look("key stores", machine_looks.key_stores),
    Look("neonize", machine_looks.neonize),
    Look("WhatsApp", machine_looks.whatsapp),
    Look("mail", health.mail),
    Look("data folder", machine_looks.data_folder),
    Look("disk", machine_looks.disk),
    Look("hints", machine_looks.hints),
    Look("settings", machine_looks.system_checks),
)


def run(port: int = DEFAULT_PORT) -> list[Finding]:
    """Everything, sessions and their keys included, in the order in which faults hide each other.
    Takes ten seconds at most; never raises. ``port``: where the site is, or is to be, served."""
    return _look((*_DATABASE, *_SESSIONS, *_INSTALLATION), port)


def installation(port: int = DEFAULT_PORT) -> list[Finding]:
    """As ``run``, of all that sessions need, and not of the sessions."""
    return _look((*_DATABASE, *_INSTALLATION), port)


def of_the_installation(found: Sequence[Finding]) -> list[Finding]:
    """Those of ``found`` (by ``run``) that ``installation`` finds, too."""
    return [finding for finding in found if finding.name not in _ABOUT_SESSIONS]


def _look(in_the_database: Sequence[Look], port: int) -> list[Finding]:
    machine = (*_MACHINE, Look("port", partial(machine_looks.port, port)))
    lanes = [Lane(in_the_database, lent_connection()), *(Lane([look]) for look in machine)]
    found = look_all(lanes)
    return [finding for findings in found.values() for finding in findings]
