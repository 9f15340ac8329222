"""Parse the files of deploy/: Dockerfile, compose file, systemd units, environment files."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

PROJECT = Path(__file__).resolve().parents[2]
DEPLOY = PROJECT / "deploy"
# Directives of [Service] for machines without systemd-analyze (systemd.service, .exec, .kill; 252).
KNOWN_DIRECTIVES = frozenset(
    [
        "AmbientCapabilities",
        "CapabilityBoundingSet",
        "Environment",
        "EnvironmentFile",
        "ExecStart",
        "ExecStartPre",
        "Group",
        "KillMode",
        "KillSignal",
        "LimitNOFILE",
        "LockPersonality",
        "NoNewPrivileges",
        "PrivateDevices",
        "PrivateTmp",
        "ProtectClock",
        "ProtectControlGroups",
        "ProtectHome",
        "ProtectHostname",
        "ProtectKernelLogs",
        "ProtectKernelModules",
        "ProtectKernelTunables",
        "ProtectProc",
        "ProtectSystem",
        "ReadWritePaths",
        "RemoveIPC",
        "Restart",
        "RestartSec",
        "RestrictAddressFamilies",
        "RestrictNamespaces",
        "RestrictRealtime",
        "RestrictSUIDSGID",
        "StateDirectory",
        "StateDirectoryMode",
        "SystemCallArchitectures",
        "SystemCallFilter",
        "TimeoutStopSec",
        "Type",
        "UMask",
        "User",
        "WorkingDirectory",
    ]
)


def instructions(dockerfile: str) -> list[tuple[str, str]]:
    """Return the (INSTRUCTION, rest) of a Dockerfile, with continued lines joined."""
    lines = [line for line in dockerfile.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found = (line.split(None, 1) for line in joined.splitlines() if line.strip())
    return [(name, rest) for name, rest in found]


def last_stage(found: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the instructions of the final stage."""
    begins = max(place for place, (name, _) in enumerate(found) if name == "FROM")
    return list(found[begins:])


def argv(rest: str) -> list[str]:
    """Return the words of an exec form. Raises ValueError for a shell form."""
    words: list[str] = json.loads(rest)
    return words


def copied(found: Sequence[tuple[str, str]]) -> list[tuple[list[str], str]]:
    """Return (sources, target) of each COPY from the repository."""
    copies = [rest.split() for name, rest in found if name == "COPY" and "--from" not in rest]
    return [(words[:-1], words[-1]) for words in copies]


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def variables(path: Path) -> dict[str, str]:
    """Return the variables of an environment file (KEY=value lines)."""
    lines = (line.partition("=") for line in path.read_text().splitlines())
    return {name: value.strip('"') for name, _, value in lines if re.fullmatch("[A-Z_]+", name)}


def unit(path: Path) -> dict[str, dict[str, list[str]]]:
    """Return section → directive → values, in order."""
    found: dict[str, dict[str, list[str]]] = {}
    section = ""
    for line in path.read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            found.setdefault(section, {}).setdefault(name, []).append(value)
    return found


def accepts(words: Sequence[str]) -> str:
    """Return the manage.py command in ``words``, after its parser has accepted the arguments.
    Raises KeyError for an unknown command, SystemExit or CommandError for a wrong argument."""
    name, arguments = words[0], list(words[1:])
    app = get_commands()[name]
    command = app if isinstance(app, BaseCommand) else load_command_class(app, name)
    command.create_parser("manage.py", name).parse_args(arguments)
    return name


def started(line: str) -> list[str]:
    """Return the words after manage.py in a command line."""
    words = shlex.split(line)
    return words[words.index("manage.py") + 1 :]
