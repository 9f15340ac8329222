"""Time the decisions of the notifier when 10,000 numbers drop at once, and print JSON.

Runs as a process of its own (``python -m bench.outage_process``) on a new SQLite database. Some of
the numbers have an unrelated fault: they were logged out on the phone. Only these cause mails to
their accounts; operators get a single alarm.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from datetime import timedelta
from typing import Any

NUMBERS_AN_ACCOUNT = 10
GROUP_SIZE = 50  # maximum number of changes that a gateway commits together
OWN_FAULT_EVERY = 200
BATCH = 2_000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--numbers", type=int, default=10_000)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from core import tenancy

    call_command("migrate", verbosity=0)
    with tenancy.everyone():
        sessions = _fill(options.numbers)
        opened = _open(sessions)
        print(json.dumps({"opened": opened, **_decide()}))


def _fill(numbers: int) -> list[Any]:
    from django.db import transaction

    from locations.models import Account, Location, Member, User
    from sessions_app.models import Session

    with transaction.atomic():
        accounts = [Account(name=f"Group {n}") for n in range(numbers // NUMBERS_AN_ACCOUNT)]
        users = [User(email=f"owner-{n}@example.com") for n in range(len(accounts))]
        operator = User(email="operator@example.com", is_superuser=True)
        Account.objects.bulk_create(accounts, batch_size=BATCH)
        User.objects.bulk_create([*users, operator], batch_size=BATCH)
        owners = zip(accounts, users, strict=True)
        members = [Member(account=account, user=user, role="owner") for account, user in owners]
        Member.objects.bulk_create(members, batch_size=BATCH)
        locations = [
            Location(account=account, name=f"Location {n}")
            for account in accounts
            for n in range(NUMBERS_AN_ACCOUNT)
        ]
        Location.objects.bulk_create(locations, batch_size=BATCH)
        sessions = [_session(location, number) for number, location in enumerate(locations)]
        Session.objects.bulk_create(sessions, batch_size=BATCH)
    return sessions


def _session(location: Any, number: int) -> Any:
    """Build a session as the gateway writes it after a drop or a logout."""
    from sessions_app.models import Session

    gone = number % OWN_FAULT_EVERY == 0
    return Session(
        account_id=location.account_id,
        location=location,
        status="disconnected" if gone else "initializing",
        reason="logged_out" if gone else "reconnecting",
        phone_number=f"+3519{number:08d}",
        jid="" if gone else f"3519{number:08d}:1@s.whatsapp.net",
    )


def _open(sessions: list[Any]) -> float:
    """Open the incidents that cause a notice at once, in groups like a gateway's commits. Return
    the duration in seconds. The notifier finds the other incidents."""
    from django.db import transaction

    from sessions_app.gateway.ports import Change
    from sessions_app.lifecycle import Event
    from sessions_app.models import Session
    from sessions_app.signals import sessions_written
    from sessions_app.store.transitions import Written

    began = time.perf_counter()
    for start in range(0, len(sessions), GROUP_SIZE):
        written = [
            Written(
                session=session,
                change=Change(Event.LOGGED_OUT if not session.jid else Event.DROPPED),
                old_status="ready",
                moved=True,
                new_code=False,
                was_linked=True,
            )
            for session in sessions[start : start + GROUP_SIZE]
        ]
        with transaction.atomic():
            sessions_written.send(Session, changes=written)
    return time.perf_counter() - began


def _decide() -> dict[str, float]:
    """Run the notifier once, a minute later. Return the seconds and the resulting counts."""
    from django.utils import timezone

    from notifications.incidents.outages import update_outages
    from notifications.incidents.timers import notify_due, open_overdue
    from notifications.models import Incident, Mail, Outage
    from notifications.notices.dispatch import gather

    now = timezone.now() + timedelta(minutes=1)
    began = time.perf_counter()
    for duty in (open_overdue, update_outages, notify_due, gather):
        while duty(now):
            pass
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "held": Incident.objects.exclude(outage=None).count(),
        "outages": Outage.objects.count(),
        "alarms": Mail.objects.filter(kind="alarm").count(),
        "mails": Mail.objects.exclude(kind="alarm").count(),
    }


if __name__ == "__main__":
    main()
