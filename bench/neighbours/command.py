"""Run the attacks one after another, each against a new product, and print one table.

The exit code is 0 if the victim's work met all limits, else 1. Each attack takes about three
minutes on each database. Use an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.neighbours.attacker import Target
from bench.neighbours.attacks import ATTACKS
from bench.neighbours.listeners import webhook_receiver
from bench.neighbours.outcome import Outcome, render
from bench.neighbours.silent_dns import silent_dns
from bench.neighbours.victim import Victim
from bench.processes import memory
from bench.progress import show_step
from bench.testbed import Testbed, fresh_testbed
from tests.servers import start_postgres
from tests.wire.product import PASSWORD, PROJECT, Product

DATABASES = ("SQLite", "PostgreSQL")
EMAIL, ACCOUNT = "mallory@example.com", "Mallory and Sons"
LOCATIONS = 60
REST_SECONDS = 60.0  # after the attack, before its memory is measured again
LEASES_LOST = "Leases may have expired"
# Messages and deliveries of the attacker's account, at full scale.
ROWS = {"H1": (1_000_000, 500_000), "H7": (200_000, 0)}
MORE_ACCOUNTS = {"H3": 12}  # an account can have 20 webhooks


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    outcomes = []
    for database in options.databases:
        for attack in options.attacks:
            show_step(f"{database}: {attack}, {ATTACKS[attack].__doc__}")
            outcomes.append(_run(database, attack, options))
            print(render(outcomes[-1:]), file=sys.stderr)
    print(render(outcomes))
    if options.json is not None:
        found = [outcome.as_json() for outcome in outcomes]
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    return 0 if not any(outcome.misses for outcome in outcomes) else 1


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench neighbours", description=__doc__)
    parser.add_argument("--attacks", type=lambda text: _some(text, ATTACKS), default=list(ATTACKS))
    parser.add_argument(
        "--databases", type=lambda text: _some(text, DATABASES), default=list(DATABASES)
    )
    parser.add_argument("--seconds", type=float, default=40.0, help="of each attack (default: 40)")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="share of the attacker's rows (default: 1)"
    )
    parser.add_argument("--rest", type=float, default=REST_SECONDS, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, help="also write all samples to this file")
    return parser.parse_args(arguments)


def _some(text: str, known: Any) -> list[str]:
    names = text.split(",")
    if unknown := [name for name in names if name not in known]:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}")
    return names


def _run(database: str, attack: str, options: argparse.Namespace) -> Outcome:
    with fresh_testbed() as testbed, webhook_receiver() as receiver:
        python = testbed.cleanup.enter_context(silent_dns(testbed.folder, attack == "M3"))
        product = _start(testbed, database, python)
        target = _target(product, attack, options.scale)
        victim = Victim(product, receiver, _proxy_by_name(product) if attack == "M3" else None)
        quiet = asyncio.run(victim.work(options.seconds / 2))
        before, version, began = _memory(product), victim.version(), len(product.log())
        with _attacking(attack, target) as ended:
            seen = asyncio.run(victim.work(options.seconds))
        time.sleep(options.rest)
        lost = product.log()[began:].count(LEASES_LOST) + (victim.version() != version)
        return Outcome(
            database, attack, quiet, seen, lost, (before, _memory(product)),
            ended["statuses"], ended["note"],
        )  # fmt: skip


def _start(testbed: Testbed, database: str, python: str) -> Product:
    folder = testbed.folder / "product"
    folder.mkdir()
    environment = {"WEBHOOKS_ALLOW_PRIVATE": "true"}
    if database == "PostgreSQL":
        testbed.folder.chmod(0o711)  # the server runs as a user of its own
        server = start_postgres(testbed.folder / "postgres")
        testbed.cleanup.callback(server.cleanup)
        environment["DATABASE_URL"] = server.get_uri()
    product = Product(folder, testbed.simulator, python, **environment)
    testbed.cleanup.callback(product.close)
    return product


def _target(product: Product, attack: str, scale: float) -> Target:
    """Create the attacker's account with its rows, then start the product."""
    names = [f"Corner {number}" for number in range(LOCATIONS)]
    created = product.create_customer(EMAIL, ACCOUNT, *names)
    if attack in ROWS:
        show_step("filling the attacker's account")
        messages, deliveries = (str(max(1, round(count * scale))) for count in ROWS[attack])
        module = [sys.executable, "-m", "bench.neighbours.fill", "--email", EMAIL]
        subprocess.run(
            [*module, "--messages", messages, "--deliveries", deliveries],
            cwd=PROJECT, env=product.environment, check=True,
        )  # fmt: skip
    product.start()
    return Target(
        address=product.address,
        control=product.simulator.control,
        key=str(created["api_key"]),
        email=EMAIL,
        password=PASSWORD,
        account=str(created["account"]),
        account_name=ACCOUNT,
        locations=[str(one["id"]) for one in created["locations"]],
        more=_more_accounts(product, MORE_ACCOUNTS.get(attack, 0)),
    )


def _proxy_by_name(product: Product) -> dict[str, Any]:
    """Start a proxy of the simulator, and return it by a name that needs no DNS server."""
    made = product.simulator.ask("POST", "/api/proxies", {})
    return {"scheme": "http", "host": "localhost", "port": made["port"]}


def _more_accounts(product: Product, count: int) -> list[list[str]]:
    """Create accounts of the attacker; return the key and a location of each."""
    made = [
        product.create_customer(f"mallory{number}@example.com", f"Front {number}", "Corner")
        for number in range(count)
    ]
    return [[str(one["api_key"]), str(one["locations"][0]["id"])] for one in made]


@contextlib.contextmanager
def _attacking(attack: str, target: Target) -> Iterator[dict[str, Any]]:
    """Attack within the block. Afterwards the yielded dict has ``statuses`` and ``note``."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.neighbours.attack_process", attack],
        cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None and process.stdout is not None
    ended: dict[str, Any] = {}
    try:
        process.stdin.write(json.dumps(asdict(target)) + "\n")
        process.stdin.flush()
        assert process.stdout.readline() == "ready\n", "the attack could not be prepared"
        yield ended
        printed, _ = process.communicate(timeout=60)
        ended.update(json.loads(printed))
    finally:
        process.kill()
        process.wait()


def _memory(product: Product) -> float:
    """Return the resident memory of the serving process in MB."""
    assert product.process is not None
    return memory([product.process.pid]).rss
