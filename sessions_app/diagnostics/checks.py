"""Looks at everything that has to be right, and says what is not. Survives whatever is broken:
a look that fails, or does not come to an end, is itself a finding.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from core.health.checks import Check, registered
from core.health.findings import Finding
from sessions_app.diagnostics import database, sessions
from sessions_app.diagnostics import machine as machine_looks
from sessions_app.diagnostics.runner import CheckGroup, lent_connection, run_all
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
    Check("key stores", machine_looks.key_stores),
    Check("neonize", machine_looks.neonize),
    Check("WhatsApp", machine_looks.whatsapp),
    Check("data folder", machine_looks.data_folder),
    Check("disk", machine_looks.disk),
    Check("hints", machine_looks.hints),
    Check("settings", machine_looks.system_checks),
)


def run(port: int = DEFAULT_PORT) -> list[Finding]:
    """Everything, sessions and their keys included, in the order in which faults hide each other.
    Takes ten seconds at most; never raises. ``port``: where the site is, or is to be, served."""
    return _run((*_DATABASE, *_SESSIONS, *_INSTALLATION), port)


def installation(port: int = DEFAULT_PORT) -> list[Finding]:
    """As ``run``, of all that sessions need, and not of the sessions."""
    return _run((*_DATABASE, *_INSTALLATION), port)


def of_the_installation(found: Sequence[Finding]) -> list[Finding]:
    """Those of ``found`` (by ``run``) that ``installation`` finds, too."""
    return [finding for finding in found if finding.name not in _ABOUT_SESSIONS]


def _run(in_the_database: Sequence[Check], port: int) -> list[Finding]:
    machine = (*_MACHINE, *registered(), Check("port", partial(machine_looks.port, port)))
    groups = [
        CheckGroup(in_the_database, lent_connection()),
        *(CheckGroup([check]) for check in machine),
    ]
    found = run_all(groups)
    return [finding for findings in found.values() for finding in findings]
