"""Time the daily summaries of many members on a new SQLite database, and print JSON.

Runs as a process of its own (``python -m bench.digest_process``) with its own DATA_DIR. Every
member gets all kinds of notices in the summary, and each account had drops during the day. All
summaries are due at once, which is the worst case: one time zone, and the same hour for all.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

MEMBERS_AN_ACCOUNT = 5
NOTICES_AN_ACCOUNT = 10
BATCH = 2_000
DUE = datetime(2026, 6, 2, 8, tzinfo=UTC)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--members", type=int, default=10_000)
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.core.management import call_command

    from core import tenancy

    call_command("migrate", verbosity=0)
    with tenancy.everyone():
        _fill(options.members)
        print(json.dumps(_time()))


def _fill(members: int) -> None:
    from django.db import transaction

    from locations.models import Account, User
    from notifications.models import Notice

    with transaction.atomic():
        accounts = [
            Account(name=f"Harbour Group {n}") for n in range(members // MEMBERS_AN_ACCOUNT)
        ]
        Account.objects.bulk_create(accounts, batch_size=BATCH)
        users = [User(email=f"member-{n}@example.com") for n in range(members)]
        User.objects.bulk_create(users, batch_size=BATCH)
        _join(accounts, users)
        notices = [
            _notice(account, number, order)
            for order, account in enumerate(accounts)
            for number in range(NOTICES_AN_ACCOUNT)
        ]
        Notice.objects.bulk_create(notices, batch_size=BATCH)


def _join(accounts: list[Any], users: list[Any]) -> None:
    from locations.models import Member
    from notifications.models import Digest, Wish
    from notifications.preferences.actions import CHOICES

    start, day = DUE - timedelta(days=1), DUE.date()
    members = [
        Member(account=accounts[number // MEMBERS_AN_ACCOUNT], user=user, role="member")
        for number, user in enumerate(users)
    ]
    Member.objects.bulk_create(members, batch_size=BATCH)
    wishes = [
        Wish(member=member, kind=kind, when="daily", before="at_once", since=start)
        for member in members
        for kind in CHOICES
    ]
    Wish.objects.bulk_create(wishes, batch_size=BATCH)
    digests = [Digest(member=m, told_until=start, day=day, next_at=DUE) for m in members]
    Digest.objects.bulk_create(digests, batch_size=BATCH)


def _notice(account: Any, number: int, order: int) -> Any:
    from notifications.models import Notice

    at = DUE - timedelta(hours=2 * number + 1)
    facts = {
        "location": f"Harbour Dental · Lisbon {number // 2}",
        "number": f"+3519{order * NOTICES_AN_ACCOUNT + number // 2:08}",
        "reason": "logged_out",
        "since": at.isoformat(),
        "by": "",
        "seconds": 300,
    }
    kind = "recovered" if number % 2 else "lost"
    return Notice(
        account=account, kind=kind, key=str(uuid.uuid4()), session_id=uuid.uuid4(),
        facts=facts, at=at, tell_at=at, told_at=at, batch=uuid.uuid4(),
    )  # fmt: skip


def _time() -> dict[str, float]:
    from django.urls import get_resolver

    from notifications.models import Mail
    from notifications.notices.digest import send_digests

    assert get_resolver().url_patterns  # loaded once for each process
    began, slices = time.monotonic(), []
    while True:
        start = time.monotonic()
        if not send_digests(DUE):
            break
        slices.append(time.monotonic() - start)
    seconds = time.monotonic() - began
    idle = time.monotonic()
    send_digests(DUE)
    return {
        "seconds": seconds,
        "longest": max(slices),
        "idle": time.monotonic() - idle,
        "mails": Mail.objects.count(),
    }


if __name__ == "__main__":
    main()
