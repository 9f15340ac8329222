"""Messages, receipts and media between real clients and simulated phones."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest

from tests.wire.simulator.wire_harness import Neonize, Simulator, stays, wait_for


@pytest.fixture
def alice(simulator: Simulator, neonize: Neonize) -> str:
    """Link alice and return her number."""
    return neonize.link(simulator, "alice")


@pytest.fixture
def charlie(simulator: Simulator) -> str:
    """Create a phone without a linked client and return its number."""
    number: str = simulator.post("/api/phones", name="Charlie")["number"]
    return number


def chat(simulator: Simulator, number: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = simulator.get(f"/api/phones/{number}/messages")
    return messages


def status(simulator: Simulator, number: str, message_id: str) -> str | None:
    return next((m["status"] for m in chat(simulator, number) if m["id"] == message_id), None)


def text_of(event: dict[str, Any]) -> str:
    text: str = event["body"]["text"]
    return text


def test_it_carries_messages_between_two_clients(
    simulator: Simulator, neonize: Neonize, alice: str
) -> None:
    bob = neonize.link(simulator, "bob")
    neonize.call("send", client="alice", to=bob[1:], text="Hello Bob")
    neonize.call("send", client="bob", to=alice[1:], text="Hello Alice ☀")
    assert text_of(neonize.wait("Message", "bob")) == "Hello Bob"
    assert text_of(neonize.wait("Message", "alice")) == "Hello Alice ☀"
    receipt = neonize.wait("Receipt", "alice", where=lambda e: e["body"]["Type"] == "INACTIVE")
    assert receipt["body"]["MessageSource"]["Sender"]["Device"] == 1


def test_it_sends_receipts_for_messages_to_a_phone(
    simulator: Simulator, neonize: Neonize, alice: str, charlie: str
) -> None:
    ids = [neonize.call("send", client="alice", to=charlie[1:], text=t) for t in ("one", "two")]
    got = wait_for(lambda: len(chat(simulator, charlie)) == 2 and chat(simulator, charlie), "both")
    assert [(m["id"], m["text"], m["from"], m["direction"], m["copies"]) for m in got] == [
        (ids[0], "one", alice, "in", 1),
        (ids[1], "two", alice, "in", 1),
    ]
    neonize.wait("Receipt", "alice", where=lambda e: e["body"].get("Type") == "DELIVERED")
    start = neonize.mark()
    assert simulator.post(f"/api/phones/{charlie}/read", **{"from": alice}) == {"read": 2}
    for message_id in ids:

        def of_it(event: dict[str, Any], wanted: str = message_id) -> bool:
            return wanted in event["body"]["MessageIDs"]

        read = neonize.wait("Receipt", "alice", after=start, where=of_it)
        assert read["body"]["Type"] == "READ"
    assert simulator.post(f"/api/phones/{charlie}/read", **{"from": alice}) == {"read": 0}


def test_it_copies_sent_messages_to_the_own_phone(
    simulator: Simulator, neonize: Neonize, alice: str, charlie: str
) -> None:
    sent = neonize.call("send", client="alice", to=charlie[1:], text="Hello")
    copy = wait_for(lambda: chat(simulator, alice), "the copy")[0]
    assert (copy["id"], copy["direction"], copy["to"]) == (sent, "out", charlie)
    wait_for(lambda: status(simulator, alice, sent) != "sent" or True, "a status")


@pytest.mark.parametrize("address_by", ["lid", "pn"])
def test_it_addresses_a_client_by_lid_or_number(
    simulator: Simulator, neonize: Neonize, alice: str, charlie: str, address_by: str
) -> None:
    sent = simulator.post(
        f"/api/phones/{charlie}/send", to=alice, text="Olá", address_by=address_by
    )["id"]
    got = neonize.wait("Message", "alice")["body"]
    source = got["Info"]["MessageSource"]
    main, other = ("Sender", "SenderAlt") if address_by == "pn" else ("SenderAlt", "Sender")
    assert (got["text"], got["Info"]["ID"], got["Info"]["Pushname"]) == ("Olá", sent, "Charlie")
    assert source[main]["User"] == charlie[1:]
    assert (source[main]["Server"], source[other]["Server"]) == ("s.whatsapp.net", "lid")
    wait_for(lambda: status(simulator, charlie, sent) == "delivered", "the delivery receipt")
    chat_jid = source["Chat"]
    neonize.call(
        "mark_read",
        client="alice",
        message=sent,
        chat={"User": chat_jid["User"], "Server": chat_jid["Server"]},
    )
    wait_for(lambda: status(simulator, charlie, sent) == "read", "the read receipt")


def test_it_keeps_a_conversation_going_in_both_directions(
    simulator: Simulator, neonize: Neonize, alice: str, charlie: str
) -> None:
    for turn in range(6):
        start = neonize.mark()
        simulator.post(f"/api/phones/{charlie}/send", to=alice, text=f"from Charlie {turn}")
        assert text_of(neonize.wait("Message", "alice", after=start)) == f"from Charlie {turn}"
        neonize.call("send", client="alice", to=charlie[1:], text=f"from Alice {turn}")
    texts = [m["text"] for m in chat(simulator, charlie) if m["direction"] == "in"]
    assert texts == [f"from Alice {turn}" for turn in range(6)]


def test_it_copies_messages_of_the_phone_to_its_client(
    simulator: Simulator, neonize: Neonize, alice: str, charlie: str
) -> None:
    simulator.post(f"/api/phones/{alice}/send", to=charlie, text="from my pocket")
    got = neonize.wait("Message", "alice")["body"]
    assert got["text"] == "from my pocket"
    assert got["Info"]["MessageSource"]["IsFromMe"] is True
    assert chat(simulator, charlie)[0]["text"] == "from my pocket"


def test_it_queues_messages_in_order_for_an_offline_client(
    simulator: Simulator, neonize: Neonize, alice: str, charlie: str, tmp_path: Path
) -> None:
    neonize.close()
    wait_for(lambda: not simulator.phone(alice)["devices"][0]["online"], "alice to be offline")
    texts = [f"number {i}" for i in range(50)]
    for text in texts:
        simulator.post(f"/api/phones/{charlie}/send", to=alice, text=text)
    assert simulator.phone(alice)["devices"][0]["queued"] == 50
    later = Neonize(simulator, tmp_path)
    later.start("alice")
    assert later.wait("OfflineSyncPreview", "alice")["body"]["Message"] == 50
    later.wait("Message", "alice", where=lambda e: text_of(e) == texts[-1])
    assert [text_of(e) for e in later.events if e["event"] == "Message"] == texts
    wait_for(
        lambda: simulator.phone(alice)["devices"][0]["queued"] == 0, "all messages to be confirmed"
    )
    later.close()


def test_it_fails_a_send_that_it_refuses(
    simulator: Simulator, neonize: Neonize, alice: str, charlie: str
) -> None:
    simulator.post("/api/faults", kind="message_error", number=alice, once=True)
    with pytest.raises(RuntimeError, match="463"):
        neonize.call("send", client="alice", to=charlie[1:], text="refused")
    neonize.call("send", client="alice", to=charlie[1:], text="accepted")
    assert [m["text"] for m in chat(simulator, charlie)] == ["accepted"]


def test_it_blocks_a_send_by_holding_its_acknowledgement(
    simulator: Simulator, neonize: Neonize, alice: str, charlie: str
) -> None:
    simulator.post("/api/faults", kind="hold_acks", number=alice)
    sending = neonize.post("send", client="alice", to=charlie[1:], text="held back")
    wait_for(lambda: chat(simulator, charlie), "the message itself")
    with pytest.raises(AssertionError, match="an answer"):
        neonize.answer(sending, seconds=0.5)
    simulator.call("DELETE", "/api/faults")
    assert neonize.answer(sending) == chat(simulator, charlie)[0]["id"]


def test_it_receives_a_second_copy_after_a_lost_acknowledgement(
    simulator: Simulator, neonize: Neonize, alice: str, charlie: str
) -> None:
    simulator.post("/api/faults", kind="hold_acks", number=alice, once=True)
    sending = neonize.post("send", client="alice", to=charlie[1:], text="twice?")
    wait_for(lambda: chat(simulator, charlie), "the first copy")
    simulator.post("/api/faults", kind="reset", number=alice)
    assert neonize.answer(sending) == chat(simulator, charlie)[0]["id"]
    assert [(m["text"], m["copies"]) for m in chat(simulator, charlie)] == [("twice?", 2)]


def test_it_redelivers_messages_with_lost_receipts(
    simulator: Simulator, neonize: Neonize, alice: str, charlie: str
) -> None:
    simulator.post("/api/faults", kind="lose_receipts", number=alice)
    for text in ("one", "two"):
        simulator.post(f"/api/phones/{charlie}/send", to=alice, text=text)
    neonize.wait("Message", "alice", where=lambda e: text_of(e) == "two")
    assert simulator.phone(alice)["devices"][0]["queued"] == 2
    simulator.call("DELETE", "/api/faults")
    start = neonize.mark()
    simulator.post("/api/faults", kind="reset", number=alice)
    neonize.wait("OfflineSyncCompleted", "alice", after=start)
    wait_for(
        lambda: simulator.phone(alice)["devices"][0]["queued"] == 0, "both messages to be confirmed"
    )
    assert [text_of(e) for e in neonize.events if e["event"] == "Message"] == ["one", "two"]


def test_it_resends_a_garbled_message_on_request(
    simulator: Simulator, neonize: Neonize, alice: str, charlie: str
) -> None:
    simulator.post("/api/faults", kind="garble", number=alice, once=True)
    simulator.post(f"/api/phones/{charlie}/send", to=alice, text="clear at last")
    neonize.wait("UndecryptableMessage", "alice")
    assert text_of(neonize.wait("Message", "alice")) == "clear at last"


def test_it_delivers_a_message_to_oneself(
    simulator: Simulator, neonize: Neonize, alice: str
) -> None:
    neonize.call("send", client="alice", to=alice[1:], text="note to self")
    note = wait_for(lambda: chat(simulator, alice), "the note")[0]
    assert (note["text"], note["from"], note["to"]) == ("note to self", alice, alice)


def test_it_reports_a_number_without_a_phone(
    simulator: Simulator, neonize: Neonize, alice: str, charlie: str
) -> None:
    found = neonize.call("is_on_whatsapp", client="alice", numbers=[charlie, "+15550001234"])
    assert found == [True, False]
    with pytest.raises(RuntimeError, match="no LID found"):
        neonize.call("send", client="alice", to="15550001234", text="hello?")


def test_it_delivers_a_file_unchanged(simulator: Simulator, neonize: Neonize, alice: str) -> None:
    bob = neonize.link(simulator, "bob")
    data = base64.b64encode(os.urandom(200_000)).decode()
    neonize.call("send_document", client="alice", to=bob[1:], data=data)
    got = neonize.wait("Message", "bob")
    assert neonize.call("download", client="bob", message=got["raw"]) == data
    wait_for(lambda: chat(simulator, bob), "the phone's copy")
    assert chat(simulator, bob)[0]["text"] == "[document]"


def test_it_fails_an_upload_for_the_sender(
    simulator: Simulator, neonize: Neonize, alice: str, charlie: str
) -> None:
    simulator.post("/api/faults", kind="media_upload", status=503)
    with pytest.raises(RuntimeError, match="503"):
        neonize.call("send_document", client="alice", to=charlie[1:], data="AAAA")


def test_it_fails_a_download_for_the_recipient(
    simulator: Simulator, neonize: Neonize, alice: str
) -> None:
    bob = neonize.link(simulator, "bob")
    simulator.post("/api/faults", kind="media_download", status=404)
    neonize.call("send_document", client="alice", to=bob[1:], data="AAAA")
    got = neonize.wait("Message", "bob")
    with pytest.raises(RuntimeError, match="404"):
        neonize.call("download", client="bob", message=got["raw"])


def test_it_delivers_to_a_device_linked_later(
    simulator: Simulator, neonize: Neonize, alice: str
) -> None:
    bob = neonize.link(simulator, "bob")
    neonize.call("send", client="alice", to=bob[1:], text="to one device")
    neonize.wait("Message", "bob")
    neonize.link(simulator, "bob-tablet", number=bob)
    neonize.call("send", client="alice", to=bob[1:], text="announces the new device")
    neonize.call("send", client="alice", to=bob[1:], text="to two devices")
    assert text_of(neonize.wait("Message", "bob-tablet")) == "to two devices"


def test_it_delivers_nothing_to_an_unlinked_device(
    simulator: Simulator, neonize: Neonize, alice: str
) -> None:
    bob = neonize.link(simulator, "bob")
    neonize.call("send", client="alice", to=bob[1:], text="before")
    neonize.wait("Message", "bob")
    simulator.post(f"/api/phones/{bob}/unlink")
    neonize.wait("LoggedOut", "bob")
    start = neonize.mark()
    neonize.call("send", client="alice", to=bob[1:], text="after")
    wait_for(lambda: len(chat(simulator, bob)) == 2, "both messages on the phone")
    assert stays(lambda: "Message" not in neonize.names("bob", start), 0.3)


def test_it_makes_a_client_upload_more_keys(
    simulator: Simulator, neonize: Neonize, alice: str
) -> None:
    def keys() -> int:
        count: int = simulator.phone(alice)["devices"][0]["keys"]
        return count

    assert keys() > 100
    simulator.post("/api/faults", kind="few_keys", number=alice)
    wait_for(lambda: keys() == 54, "fifty new keys")
