"""The next steps for faults of the machine: one sentence each, for all commands."""

from __future__ import annotations

from pathlib import Path

from sessions_app.store.whatsapp_route import WHATSAPP_HOST, WHATSAPP_PORT

NETWORK = (
    f"Let this machine reach {WHATSAPP_HOST}, port {WHATSAPP_PORT}: check DNS, firewall and "
    "HTTPS_PROXY."
)
CLOCK = "Set this machine's clock, for example: timedatectl set-ntp true"
LIBRARY = "Install the packages of requirements/run.txt again (bin/run does it in an empty .venv)."
UPDATE = "Update Pairline: WhatsApp asks for a newer version of the library."
SIMULATOR = (
    "Start the simulator (python -m simulator.whatsapp --state FILE), or unset WHATSAPP_SIMULATOR."
)
ASIDE = "See docs/how-to/find-out-what-is-wrong.md, Messages that were set aside."
LOOK = "Run all health checks: manage.py doctor"
KEY_DATABASE = "Start it, or correct WHATSAPP_AUTH_STORE."
START_GATEWAY = "Start it: manage.py serve (or run_gateway beside serve --no-gateway)"


def writable(folder: Path) -> str:
    return f"Give the user that runs Pairline the right to write in {folder}."


def readable(folder: Path) -> str:
    return f"Give the user that runs Pairline the right to read {folder}."


def free_space(folder: Path) -> str:
    return f"Free some space on the disk of {folder}, or move DATA_DIR."
