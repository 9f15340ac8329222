"""Engine events survive the wire, and malformed ones are refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.engine.engine_events import (
    Connected,
    EngineEvent,
    JournaledEvent,
    KeepaliveTimeout,
    MessageReceived,
    PairSuccess,
    ProofOfLife,
    QrShown,
    ReceiptReceived,
    StartFailed,
    TemporaryBan,
)
from sessions_app.engine.protocol import ProtocolError, StartFailure, decode, encode

TIMES = st.floats(min_value=0, max_value=4e9)
TEXTS = st.text(max_size=50)
MESSAGES = st.builds(
    MessageReceived,
    key=TEXTS,
    peer=TEXTS,
    chat=TEXTS,
    whatsapp_id=TEXTS,
    peer_name=TEXTS,
    text=TEXTS,
    media=st.none() | TEXTS,
    sent_at=TIMES,
    from_me=st.booleans(),
    phone_at=st.none() | TIMES,
)
RECEIPTS = st.builds(
    ReceiptReceived,
    key=TEXTS,
    peer=TEXTS,
    chat=TEXTS,
    whatsapp_ids=st.lists(TEXTS, max_size=3).map(tuple),
    status=st.sampled_from(["delivered", "read"]),
    sent_at=TIMES,
)
EVENTS = st.one_of(
    MESSAGES,
    RECEIPTS,
    st.builds(QrShown, TEXTS, st.integers(1, 9), st.integers(1, 9), TIMES),
    st.builds(Connected, TEXTS, TEXTS),
    st.builds(PairSuccess, TEXTS, TEXTS),
    st.builds(TemporaryBan, TEXTS, st.integers(0, 9_999)),
    st.builds(StartFailed, st.sampled_from(StartFailure), TEXTS),
    st.builds(ProofOfLife, st.none() | TIMES),
)
MESSAGE = {
    "type": "event", "event": "message", "key": "k", "whatsapp_id": "3EB0", "peer": "+351",
    "peer_name": "Bob", "text": "Hi", "media": None, "sent_at": 1.5, "from_me": False,
    "chat": "351@s.whatsapp.net",
}  # fmt: skip


@given(EVENTS)
def test_it_decodes_what_it_encodes(event: EngineEvent) -> None:
    line = encode({"type": "event", "run": "r", "at": 1.0, **event.to_wire()})

    assert EngineEvent.from_wire(decode(line)) == event


def test_it_encodes_a_message_as_flat_json() -> None:
    event = EngineEvent.from_wire(MESSAGE)

    assert {"type": "event", **json.loads(json.dumps(event.to_wire()))} == MESSAGE


@pytest.mark.parametrize(
    "change",
    [
        {"event": "song"},
        {"event": ["message"]},
        {"event": None},
        {"text": 7},
        {"text": None},
        {"from_me": 1},
        {"sent_at": True},
        {"sent_at": "today"},
        {"media": 7},
        {"key": 7},
        {"phone_at": None},
        {"phone_at": "today"},
        {"phone_at": -1},
        {"phone_at": float("nan")},
        {"phone_at": [1]},
    ],
)
def test_it_refuses_a_field_of_the_wrong_type(change: dict[str, Any]) -> None:
    with pytest.raises(ProtocolError):
        EngineEvent.from_wire({**MESSAGE, **change})


@pytest.mark.parametrize("name", ["whatsapp_id", "peer", "text", "media", "sent_at", "chat"])
def test_it_refuses_an_event_without_a_field(name: str) -> None:
    with pytest.raises(ProtocolError, match=name):
        EngineEvent.from_wire({key: value for key, value in MESSAGE.items() if key != name})


@pytest.mark.parametrize("ids", ["3EB0", [7], None])
def test_it_refuses_a_receipt_without_a_list_of_ids(ids: Any) -> None:
    receipt = {"event": "receipt", "peer": "", "chat": "", "status": "read", "sent_at": 1.0}

    with pytest.raises(ProtocolError):
        EngineEvent.from_wire({**receipt, "whatsapp_ids": ids})


def test_it_refuses_a_count_that_is_a_bool() -> None:
    with pytest.raises(ProtocolError):
        EngineEvent.from_wire({"event": "keepalive_timeout", "count": True})

    assert EngineEvent.from_wire({"event": "keepalive_timeout", "count": 2}) == KeepaliveTimeout(2)


def test_it_decodes_only_events_of_its_own_class() -> None:
    assert JournaledEvent.from_wire(MESSAGE).key == "k"

    with pytest.raises(ProtocolError):
        JournaledEvent.from_wire({"event": "proof"})


def test_it_takes_an_unknown_start_failure_for_another() -> None:
    event = EngineEvent.from_wire({"event": "start_failed", "code": "new", "detail": "x"})

    assert event == StartFailed(StartFailure.OTHER, "x")


def test_it_hides_texts_and_codes_from_logs() -> None:
    assert "Hi" not in repr(EngineEvent.from_wire(MESSAGE))
    assert "2@secret" not in repr(QrShown("2@secret", 1, 6, 1.0))
