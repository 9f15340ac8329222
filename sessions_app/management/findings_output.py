"""Print findings for commands: coloured on a terminal, or as JSON. Exit code 1 on trouble."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.management.color import no_style
from django.core.serializers.json import DjangoJSONEncoder

from core.health.findings import Finding
from core.health.severity import Severity
from sessions_app.diagnostics.report import has_trouble, lines, report


def checked_port(port: int) -> int:
    """Return ``port``. Raises CommandError if it is out of range."""
    if not 0 < port < 65536:
        raise CommandError("--port must be between 1 and 65535.")
    return port


def print_findings(
    command: BaseCommand, found: Sequence[Finding], *, as_json: bool, **more: object
) -> None:
    """Print ``found``, as JSON together with ``more``. Ends the process with exit code 1 if any
    finding is trouble."""
    if as_json:
        print_json(command, {**more, **report(found)})
    else:
        style = command.style if command.stdout.isatty() else no_style()
        paint = {
            Severity.OK: style.SUCCESS,
            Severity.WARNING: style.WARNING,
            Severity.ERROR: style.ERROR,
            Severity.CRITICAL: style.ERROR,
        }
        command.stdout.write("\n".join(lines(found, paint)))
    if has_trouble(found):
        sys.exit(1)


def print_json(command: BaseCommand, content: Mapping[str, Any]) -> None:
    command.stdout.write(json.dumps(content, cls=DjangoJSONEncoder, indent=2))
