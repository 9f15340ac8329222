"""Seed a product's database with one account of a given size and a history of 90 days.

Runs as a process of its own with the product's environment (``python -m bench.seed``), and prints
the ids that the benchmark needs as one JSON object. The data is random but reproducible.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

DAYS = 90
BATCH = 2_000
TRADES = ("Dental", "Physio", "Opticians", "Motors", "Legal", "Homes", "Yoga", "Vets")
TOWNS = (
    "Lisbon", "Porto", "Faro", "Braga", "Coimbra", "Évora", "Aveiro", "Setúbal", "Cascais",
    "Sintra", "Leiria", "Viseu", "Funchal", "Lagos", "Tavira",
)  # fmt: skip
LEASE = timedelta(days=3650)  # keeps gateways from claiming these sessions, which lack keys
NAMES = ("Bea", "Tomás", "Inês", "Rui", "Marta", "João", "Clara", "Hugo")
DOWN = ("logged_out", "qr_expired", "temp_ban", "stream_replaced")


def main() -> None:
    options = _options()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from django.db import transaction

    from core import tenancy

    with tenancy.everyone(), transaction.atomic():
        print(json.dumps(_fill(options)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--email", required=True, help="a member of the account to seed")
    for name, default in (("locations", 500), ("live", 500), ("past", 500), ("messages", 100_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--draw", type=int, default=7, help="the seed of the random generator")
    return parser.parse_args()


def _fill(options: argparse.Namespace) -> dict[str, Any]:
    from locations.models import Location, Member

    account_id = Member.objects.get(user__email=options.email).account_id
    draw, now = random.Random(options.draw), datetime.now(UTC)
    locations = [Location(account_id=account_id, name=name) for name in _names(options.locations)]
    Location.objects.bulk_create(locations, batch_size=BATCH)
    live = [_live(location, draw, now) for location in locations[: options.live]]
    past = [_past(draw.choice(locations), draw, now) for _ in range(options.past)]
    _create_sessions(live + past, draw, now)
    ready = [session for session in live if session.status == "ready"]
    _create_messages(ready, options.messages, draw, now)
    return {"account": str(account_id), "sessions": [str(session.pk) for session in ready]}


def _names(count: int) -> Iterator[str]:
    for number in range(count):
        trade, town = TRADES[number // len(TOWNS) % len(TRADES)], TOWNS[number % len(TOWNS)]
        round_ = number // (len(TOWNS) * len(TRADES))
        yield f"Harbour {trade} · {town}" + (f" {round_ + 1}" if round_ else "")


def _live(location: Any, draw: random.Random, now: datetime) -> Any:
    """Build a current session: mostly ready, sometimes down, waiting for a scan, or stopped."""
    state = draw.choices(("ready", "down", "qr", "stopped"), (90, 6, 2, 2))[0]
    linked_for = timedelta(days=draw.choice((20, 60, 120, 300)), hours=draw.random() * 24)
    columns: dict[str, dict[str, Any]] = {
        "ready": {"status": "ready", "reason": "ok"},
        "down": {"status": "disconnected", "reason": draw.choice(DOWN)},
        "qr": {"status": "qr", "reason": "scan", "qr_number": 1, "qr_of": 6},
        "stopped": {"status": "disconnected", "reason": "user_disconnect", "wanted": "stopped"},
    }
    return _session(location, draw, now - linked_for, now, columns[state], linked=state != "qr")


def _past(location: Any, draw: random.Random, now: datetime) -> Any:
    created = now - timedelta(days=draw.uniform(100, 400))
    columns = {"status": "disconnected", "reason": "unlinked", "wanted": "unlinked"}
    return _session(location, draw, created, created, columns, linked=False)


def _session(
    location: Any,
    draw: random.Random,
    created: datetime,
    wanted_at: datetime,
    columns: dict[str, Any],
    *,
    linked: bool,
) -> Any:
    from sessions_app.models import Session

    phone = f"+3519{draw.randrange(10**8):08d}"
    named = {"phone_number": phone, "jid": f"{phone[1:]}:1@s.whatsapp.net"} if linked else {}
    return Session(
        account_id=location.account_id, location_id=location.pk,
        created_at=created, wanted_at=wanted_at,
        created_by="alice@example.com", attempt=1, since=created, lease_owner="seed",
        lease_epoch=1, lease_expires_at=datetime.now(UTC) + LEASE,
        last_proof_at=datetime.now(UTC) - timedelta(seconds=draw.randrange(30)),
        **named, **columns,
    )  # fmt: skip


def _create_sessions(sessions: list[Any], draw: random.Random, now: datetime) -> None:
    from sessions_app.models import Session, SessionEvent

    events = []
    for session in sessions:
        history = list(_history(session, draw, now))
        for version, (at, event, old, new, reason) in enumerate(history, 1):
            actor = "alice@example.com" if event in ("start", "stopped", "unlinked") else "WhatsApp"
            events.append(
                SessionEvent(
                    account_id=session.account_id, session_id=session.pk, at=at, event=event,
                    old_status=old, new_status=new, reason=reason, actor=actor, version=version,
                )
            )  # fmt: skip
        session.version = len(history) + 1
        session.since = history[-1][0]
    Session.objects.bulk_create(sessions, batch_size=BATCH)
    SessionEvent.objects.bulk_create(events, batch_size=BATCH)


Entry = tuple[datetime, str, str, str, str]
"""Time, event, old status, new status, reason."""


def _history(session: Any, draw: random.Random, now: datetime) -> Iterator[Entry]:
    """Yield the history of a session: linked, a few interruptions, then its current state."""
    at = session.created_at
    yield at, "start", "initializing", "initializing", "starting"
    yield at + timedelta(seconds=2), "qr_code", "initializing", "qr", "scan"
    if not session.jid:
        if session.wanted == "unlinked":
            yield at + timedelta(hours=1), "unlinked", "qr", "disconnected", "unlinked"
        return
    yield at + timedelta(seconds=30), "connected", "qr", "ready", "ok"
    at = max(at + timedelta(minutes=1), now - timedelta(days=DAYS + 5))
    interval = draw.choice((4, 9, 40))
    while (at := at + timedelta(days=draw.expovariate(1 / interval))) < now - timedelta(hours=9):
        yield at, "dropped", "ready", "initializing", "reconnecting"
        at += timedelta(seconds=draw.choice((3, 8, 40, 900, 9_000)))
        yield at, "connected", "initializing", "ready", "ok"
    ended = now - timedelta(seconds=draw.uniform(60, 8 * 3_600))
    if session.wanted == "stopped":
        yield ended, "stopped", "ready", "disconnected", session.reason
    elif session.status == "disconnected":
        yield ended, session.reason, "ready", "disconnected", session.reason


def _create_messages(sessions: list[Any], count: int, draw: random.Random, now: datetime) -> None:
    from conversations.models import Message

    batch: list[Any] = []
    for _ in range(count if sessions else 0):
        batch.append(_message(draw.choice(sessions), draw, now))
        if len(batch) == BATCH:
            Message.objects.bulk_create(batch)
            batch = []
    Message.objects.bulk_create(batch)


def _message(session: Any, draw: random.Random, now: datetime) -> Any:
    from conversations.models import Message

    days = draw.uniform(0, DAYS)
    quieter = 0.35 if (now - timedelta(days=days)).weekday() >= 5 else 1
    at = now - timedelta(days=days if draw.random() < quieter else days * 0.99)
    out = draw.random() < 0.55
    return Message(
        account_id=session.account_id, session_id=session.pk, direction="out" if out else "in",
        status=draw.choice(("sent", "delivered", "read")) if out else "received",
        whatsapp_id=uuid.UUID(int=draw.getrandbits(128)).hex, created_at=at, sent_at=at,
        peer=f"+3519{draw.randrange(40):08d}", peer_name="" if out else draw.choice(NAMES),
        text="Your appointment is confirmed. See you soon." if out else "Thank you, until then!",
    )  # fmt: skip


if __name__ == "__main__":
    main()
