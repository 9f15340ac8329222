"""Fills a product's database with one account as large as asked, and with a past of 90 days.

Runs as a process of its own with the product's environment (``python -m bench.seeding``), writes
rows as the product would have, and prints the ids that the benchmark needs as one JSON object.
Drawn at random, but always the same.
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
LEASE = timedelta(days=3650)  # no gateway takes these sessions: they have no keys
PEOPLE = ("Bea", "Tomás", "Inês", "Rui", "Marta", "João", "Clara", "Hugo")
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
    parser.add_argument("--email", required=True, help="a member of the account to fill")
    for name, default in (("locations", 500), ("live", 500), ("past", 500), ("messages", 100_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--draw", type=int, default=7, help="another number, another past")
    return parser.parse_args()


def _fill(options: argparse.Namespace) -> dict[str, Any]:
    from locations.models import Location, Member

    account_id = Member.objects.get(user__email=options.email).account_id
    draw, now = random.Random(options.draw), datetime.now(UTC)
    places = [Location(account_id=account_id, name=name) for name in _names(options.locations)]
    Location.objects.bulk_create(places, batch_size=BATCH)
    live = [_live(place, draw, now) for place in places[: options.live]]
    past = [_past(draw.choice(places), draw, now) for _ in range(options.past)]
    _create_sessions(live + past, draw, now)
    ready = [session for session in live if session.status == "ready"]
    _create_messages(ready, options.messages, draw, now)
    return {"account": str(account_id), "sessions": [str(session.pk) for session in ready]}


def _names(count: int) -> Iterator[str]:
    for number in range(count):
        trade, town = TRADES[number // len(TOWNS) % len(TRADES)], TOWNS[number % len(TOWNS)]
        round_ = number // (len(TOWNS) * len(TRADES))
        yield f"Harbour {trade} · {town}" + (f" {round_ + 1}" if round_ else "")


def _live(place: Any, draw: random.Random, now: datetime) -> Any:
    """Mostly ready; now and then down, waiting for a scan, or stopped."""
    state = draw.choices(("ready", "down", "qr", "stopped"), (90, 6, 2, 2))[0]
    linked_for = timedelta(days=draw.choice((20, 60, 120, 300)), hours=draw.random() * 24)
    columns: dict[str, dict[str, Any]] = {
        "ready": {"status": "ready", "reason": "ok"},
        "down": {"status": "disconnected", "reason": draw.choice(DOWN)},
        "qr": {"status": "qr", "reason": "scan", "qr_number": 1, "qr_of": 6},
        "stopped": {"status": "disconnected", "reason": "user_disconnect", "wanted": "stopped"},
    }
    return _session(place, draw, now - linked_for, now, columns[state], linked=state != "qr")


def _past(place: Any, draw: random.Random, now: datetime) -> Any:
    created = now - timedelta(days=draw.uniform(100, 400))
    columns = {"status": "disconnected", "reason": "unlinked", "wanted": "unlinked"}
    return _session(place, draw, created, created, columns, linked=False)


def _session(
    place: Any,
    draw: random.Random,
    created: datetime,
    asked: datetime,
    columns: dict[str, Any],
    *,
    linked: bool,
) -> Any:
    from sessions_app.models import Session

    phone = f"+3519{draw.randrange(10**8):08d}"
    named = {"phone_number": phone, "jid": f"{phone[1:]}:1@s.whatsapp.net"} if linked else {}
    return Session(
        account_id=place.account_id, location_id=place.pk, created_at=created, wanted_at=asked,
        created_by="alice@example.com", attempt=1, since=created, lease_owner="seed",
        lease_epoch=1, lease_expires_at=datetime.now(UTC) + LEASE,
        last_proof_at=datetime.now(UTC) - timedelta(seconds=draw.randrange(30)),
        **named, **columns,
    )  # fmt: skip


def _create_sessions(sessions: list[Any], draw: random.Random, now: datetime) -> None:
    from sessions_app.models import Session, SessionEvent

    events = []
    for session in sessions:
        story = list(_story(session, draw, now))
        for version, (at, event, old, new, reason) in enumerate(story, 1):
            actor = "alice@example.com" if event in ("start", "stopped", "unlinked") else "WhatsApp"
            events.append(
                SessionEvent(
                    account_id=session.account_id, session_id=session.pk, at=at, event=event,
                    old_status=old, new_status=new, reason=reason, actor=actor, version=version,
                )
            )  # fmt: skip
        session.version = len(story) + 1
        session.since = story[-1][0]
    Session.objects.bulk_create(sessions, batch_size=BATCH)
    SessionEvent.objects.bulk_create(events, batch_size=BATCH)


Told = tuple[datetime, str, str, str, str]


def _story(session: Any, draw: random.Random, now: datetime) -> Iterator[Told]:
    """Linked once, a few interruptions, and then as the row says."""
    at = session.created_at
    yield at, "start", "initializing", "initializing", "starting"
    yield at + timedelta(seconds=2), "qr_code", "initializing", "qr", "scan"
    if not session.jid:
        if session.wanted == "unlinked":
            yield at + timedelta(hours=1), "unlinked", "qr", "disconnected", "unlinked"
        return
    yield at + timedelta(seconds=30), "connected", "qr", "ready", "ok"
    at = max(at + timedelta(minutes=1), now - timedelta(days=DAYS + 5))
    often = draw.choice((4, 9, 40))
    while (at := at + timedelta(days=draw.expovariate(1 / often))) < now - timedelta(hours=9):
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
        peer=f"+3519{draw.randrange(40):08d}", peer_name="" if out else draw.choice(PEOPLE),
        text="Your appointment is confirmed. See you soon." if out else "Thank you, until then!",
    )  # fmt: skip


if __name__ == "__main__":
    main()
