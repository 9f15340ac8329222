"""Whatever WhatsApp sends: it is inside its bounds at the gateway, and no session ends by it."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.data import bounds
from core.data.bounded_types import bound_of
from sessions_app.engine import engine_events, events
from sessions_app.engine.engine_events import EngineEvent, JournaledEvent
from sessions_app.engine.jids import Jid
from sessions_app.engine.protocol import StartFailure, decode, encode
from sessions_app.gateway.decisions.actor_rules import decide
from sessions_app.gateway.decisions.effects import StoreMessage, StoreReceipt
from sessions_app.gateway.decisions.event_facts import phone_seen
from tests.unit.sessions_app.engine.library_events import NOW, library_events
from tests.unit.sessions_app.gateway.situations import make_situation

ME = Jid("351910000001", 4, "s.whatsapp.net")
KEY = "k" * 24
CASES = 10_000


def arrived(event: EngineEvent) -> EngineEvent:
    """Take ``event`` from the engine to the gateway, as the two processes do."""
    wire = encode({"type": "event", "run": "r", "at": NOW, **event.bounded(NOW).to_wire()})
    return EngineEvent.from_wire(decode(wire)).bounded(NOW + 1)


@pytest.mark.timeout(600)
def test_it_survives_every_event_of_the_library(proto: Any, e2e: Any) -> None:
    now, stored = datetime.fromtimestamp(NOW + 1, UTC), 0

    @settings(max_examples=CASES, suppress_health_check=list(HealthCheck))
    @given(library_events(proto, e2e))
    def survive(reported: tuple[str, Any]) -> None:
        nonlocal stored
        event = events.translate(*reported, ME)
        if event is None:
            return
        event = arrived(event)
        decision = decide(make_situation(now=now), event)
        phone_seen(event, None, now)
        for effect in decision.effects:
            if isinstance(effect, StoreMessage | StoreReceipt):
                check(effect, now)
                stored += 1

    survive()
    assert stored > CASES // 20


def check(effect: StoreMessage | StoreReceipt, now: datetime) -> None:
    """Check what the ledger's columns and ``datetime`` require."""
    if isinstance(effect, StoreReceipt):
        assert len(effect.receipt.whatsapp_ids) <= bounds.IDS_AT_ONCE
        assert all(len(one) <= 64 for one in effect.receipt.whatsapp_ids)
        assert effect.receipt.at <= now
        return
    message = effect.message
    assert len(message.text) <= 65_536
    assert len(message.peer_name) <= 120
    assert len(message.peer) <= 16
    assert len(message.whatsapp_id) <= 64
    assert message.sent_at <= now
    assert "\x00" not in message.text + message.peer_name


@given(st.data())
def test_it_bounds_whatever_an_event_contains(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(_kinds()))
    event = data.draw(st.builds(kind))

    bounded = event.bounded(NOW)

    assert bounded.bounded(NOW + 1) == bounded
    encode({"type": "event", "run": "r", "at": NOW, **bounded.to_wire()})
    decide(make_situation(), bounded)


def test_it_has_a_bound_for_every_field() -> None:
    """Only types with a few values need none."""
    for kind in _kinds():
        hints = get_type_hints(kind, include_extras=True)
        unbounded = [one.name for one in fields(kind) if bound_of(hints[one.name]) is None]
        assert {hints[name] for name in unbounded} <= {bool, StartFailure}, kind


def test_it_fits_the_longest_event_into_a_line() -> None:
    long = "\U0001f600" * 100_000  # twelve bytes a character in JSON
    message = engine_events.MessageReceived(
        key=KEY, peer=long, chat=long, whatsapp_id=long, peer_name=long, text=long, media=long,
        sent_at=NOW, from_me=True, phone_at=NOW,
    )  # fmt: skip
    receipt = engine_events.ReceiptReceived(
        key=KEY, peer="", chat=long, whatsapp_ids=(long,) * 9_999, status=long, sent_at=NOW
    )

    for event in (message, receipt):
        assert isinstance(arrived(event), JournaledEvent)


def _kinds() -> list[type[EngineEvent]]:
    found, left = [], [EngineEvent]
    while left:
        kind = left.pop()
        left += kind.__subclasses__()
        if "name" in vars(kind):
            found.append(kind)
    return sorted(found, key=lambda kind: kind.name)
