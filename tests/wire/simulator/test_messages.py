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
    """Alice's number, linked."""
    return neonize.link(simulator, "alice")


@pytest.fixture
def carla(simulator: Simulator) -> str:
    """The number of a person with a phone and no linked client."""
    number: str = simulator.post("/api/phones", name="Carla")["number"]
    return number


def chat(simulator: Simulator, number: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = simulator.get(f"/api/phones/{number}/messages")
    return messages


def status(simulator: Simulator, number: str, message_id: str) -> str | None:
    return next((m["status"] for m in chat(simulator, number) if m["id"] == message_id), None)


def text_of(event: dict[str, Any]) -> str:
    text: str = event["body"]["text"]
    return text


def test_two_clients_write_to_each_other(
    simulator: Simulator, neonize: Neonize, alice: str
) -> None:
    bob = neonize.link(simulator, "bob")
    neonize.call("send", client="alice", to=bob[1:], text="Hello Bob")
    neonize.call("send", client="bob", to=alice[1:], text="Hello Alice ☀")
    assert text_of(neonize.wait("Message", "bob")) == "Hello Bob"
    assert text_of(neonize.wait("Message", "alice")) == "Hello Alice ☀"
    receipt = neonize.wait("Receipt", "alice", where=lambda e: e["body"]["Type"] == "INACTIVE")
    assert receipt["body"]["MessageSource"]["Sender"]["Device"] == 1


def test_a_phone_reads_what_a_client_sends_and_ticks_it(
    simulator: Simulator, neonize: Neonize, alice: str, carla: str
) -> None:
    ids = [neonize.call("send", client="alice", to=carla[1:], text=t) for t in ("one", "two")]
    got = wait_for(lambda: len(chat(simulator, carla)) == 2 and chat(simulator, carla), "both")
    assert [(m["id"], m["text"], m["from"], m["direction"], m["copies"]) for m in got] == [
        (ids[0], "one", alice, "in", 1),
        (ids[1], "two", alice, "in", 1),
    ]
    neonize.wait("Receipt", "alice", where=lambda e: e["body"].get("Type") == "DELIVERED")
    start = neonize.mark()
    assert simulator.post(f"/api/phones/{carla}/read", **{"from": alice}) == {"read": 2}
    for message_id in ids:

        def of_it(event: dict[str, Any], wanted: str = message_id) -> bool:
            return wanted in event["body"]["MessageIDs"]

        read = neonize.wait("Receipt", "alice", after=start, where=of_it)
        assert read["body"]["Type"] == "READ"
    assert simulator.post(f"/api/phones/{carla}/read", **{"from": alice}) == {"read": 0}


def test_the_clients_own_phone_has_a_copy_of_what_it_sent(
    simulator: Simulator, neonize: Neonize, alice: str, carla: str
) -> None:
    sent = neonize.call("send", client="alice", to=carla[1:], text="Hello")
    copy = wait_for(lambda: chat(simulator, alice), "the copy")[0]
    assert (copy["id"], copy["direction"], copy["to"]) == (sent, "out", carla)
    wait_for(lambda: status(simulator, alice, sent) != "sent" or True, "a status")


@pytest.mark.parametrize("address_by", ["lid", "pn"])
def test_a_phone_writes_to_a_client_by_lid_or_by_number(
    simulator: Simulator, neonize: Neonize, alice: str, carla: str, address_by: str
) -> None:
    sent = simulator.post(f"/api/phones/{carla}/send", to=alice, text="Olá", address_by=address_by)[
        "id"
    ]
    got = neonize.wait("Message", "alice")["body"]
    source = got["Info"]["MessageSource"]
    main, other = ("Sender", "SenderAlt") if address_by == "pn" else ("SenderAlt", "Sender")
    assert (got["text"], got["Info"]["ID"], got["Info"]["Pushname"]) == ("Olá", sent, "Carla")
    assert source[main]["User"] == carla[1:]
    assert (source[main]["Server"], source[other]["Server"]) == ("s.whatsapp.net", "lid")
    wait_for(lambda: status(simulator, carla, sent) == "delivered", "the second tick")
    chat_jid = source["Chat"]
    neonize.call(
        "mark_read",
        client="alice",
        message=sent,
        chat={"User": chat_jid["User"], "Server": chat_jid["Server"]},
    )
    wait_for(lambda: status(simulator, carla, sent) == "read", "the blue ticks")


def test_a_conversation_goes_on_in_both_directions(
    simulator: Simulator, neonize: Neonize, alice: str, carla: str
) -> None:
    for turn in range(6):
        start = neonize.mark()
        simulator.post(f"/api/phones/{carla}/send", to=alice, text=f"from Carla {turn}")
        assert text_of(neonize.wait("Message", "alice", after=start)) == f"from Carla {turn}"
        neonize.call("send", client="alice", to=carla[1:], text=f"from Alice {turn}")
    texts = [m["text"] for m in chat(simulator, carla) if m["direction"] == "in"]
    assert texts == [f"from Alice {turn}" for turn in range(6)]


def test_what_the_phone_itself_writes_reaches_its_client(
    simulator: Simulator, neonize: Neonize, alice: str, carla: str
) -> None:
    simulator.post(f"/api/phones/{alice}/send", to=carla, text="from my pocket")
    got = neonize.wait("Message", "alice")["body"]
    assert got["text"] == "from my pocket"
    assert got["Info"]["MessageSource"]["IsFromMe"] is True
    assert chat(simulator, carla)[0]["text"] == "from my pocket"


def test_what_comes_while_a_client_is_away_waits_in_order(
    simulator: Simulator, neonize: Neonize, alice: str, carla: str, tmp_path: Path
) -> None:
    neonize.close()
    wait_for(lambda: not simulator.phone(alice)["devices"][0]["online"], "alice is gone")
    texts = [f"number {i}" for i in range(50)]
    for text in texts:
        simulator.post(f"/api/phones/{carla}/send", to=alice, text=text)
    assert simulator.phone(alice)["devices"][0]["queued"] == 50
    later = Neonize(simulator, tmp_path)
    later.start("alice")
    assert later.wait("OfflineSyncPreview", "alice")["body"]["Message"] == 50
    later.wait("Message", "alice", where=lambda e: text_of(e) == texts[-1])
    assert [text_of(e) for e in later.events if e["event"] == "Message"] == texts
    wait_for(lambda: simulator.phone(alice)["devices"][0]["queued"] == 0, "all are confirmed")
    later.close()


def test_a_refused_message_is_an_error_for_the_sender(
    simulator: Simulator, neonize: Neonize, alice: str, carla: str
) -> None:
    simulator.post("/api/faults", kind="message_error", number=alice, once=True)
    with pytest.raises(RuntimeError, match="463"):
        neonize.call("send", client="alice", to=carla[1:], text="refused")
    neonize.call("send", client="alice", to=carla[1:], text="accepted")
    assert [m["text"] for m in chat(simulator, carla)] == ["accepted"]


def test_an_acknowledgement_that_is_held_back_holds_the_sender(
    simulator: Simulator, neonize: Neonize, alice: str, carla: str
) -> None:
    simulator.post("/api/faults", kind="hold_acks", number=alice)
    sending = neonize.post("send", client="alice", to=carla[1:], text="patience")
    wait_for(lambda: chat(simulator, carla), "the message itself")
    with pytest.raises(AssertionError, match="an answer"):
        neonize.answer(sending, seconds=0.5)
    simulator.call("DELETE", "/api/faults")
    assert neonize.answer(sending) == chat(simulator, carla)[0]["id"]


def test_a_message_whose_acknowledgement_is_lost_arrives_once_more_under_its_id(
    simulator: Simulator, neonize: Neonize, alice: str, carla: str
) -> None:
    simulator.post("/api/faults", kind="hold_acks", number=alice, once=True)
    sending = neonize.post("send", client="alice", to=carla[1:], text="twice?")
    wait_for(lambda: chat(simulator, carla), "the first copy")
    simulator.post("/api/faults", kind="reset", number=alice)
    assert neonize.answer(sending) == chat(simulator, carla)[0]["id"]
    assert [(m["text"], m["copies"]) for m in chat(simulator, carla)] == [("twice?", 2)]


def test_messages_whose_receipts_are_lost_come_again_and_are_told_once(
    simulator: Simulator, neonize: Neonize, alice: str, carla: str
) -> None:
    simulator.post("/api/faults", kind="lose_receipts", number=alice)
    for text in ("one", "two"):
        simulator.post(f"/api/phones/{carla}/send", to=alice, text=text)
    neonize.wait("Message", "alice", where=lambda e: text_of(e) == "two")
    assert simulator.phone(alice)["devices"][0]["queued"] == 2
    simulator.call("DELETE", "/api/faults")
    start = neonize.mark()
    simulator.post("/api/faults", kind="reset", number=alice)
    neonize.wait("OfflineSyncCompleted", "alice", after=start)
    wait_for(lambda: simulator.phone(alice)["devices"][0]["queued"] == 0, "both are confirmed")
    assert [text_of(e) for e in neonize.events if e["event"] == "Message"] == ["one", "two"]


def test_a_message_that_cannot_be_read_is_asked_for_again(
    simulator: Simulator, neonize: Neonize, alice: str, carla: str
) -> None:
    simulator.post("/api/faults", kind="garble", number=alice, once=True)
    simulator.post(f"/api/phones/{carla}/send", to=alice, text="clear at last")
    neonize.wait("UndecryptableMessage", "alice")
    assert text_of(neonize.wait("Message", "alice")) == "clear at last"


def test_a_client_can_write_to_its_own_number(
    simulator: Simulator, neonize: Neonize, alice: str
) -> None:
    neonize.call("send", client="alice", to=alice[1:], text="note to self")
    note = wait_for(lambda: chat(simulator, alice), "the note")[0]
    assert (note["text"], note["from"], note["to"]) == ("note to self", alice, alice)


def test_a_number_without_a_phone_is_not_on_whatsapp(
    simulator: Simulator, neonize: Neonize, alice: str, carla: str
) -> None:
    found = neonize.call("is_on_whatsapp", client="alice", numbers=[carla, "+15550001234"])
    assert found == [True, False]
    with pytest.raises(RuntimeError, match="no LID found"):
        neonize.call("send", client="alice", to="15550001234", text="anybody?")


def test_a_file_arrives_as_it_was_sent(simulator: Simulator, neonize: Neonize, alice: str) -> None:
    bob = neonize.link(simulator, "bob")
    data = base64.b64encode(os.urandom(200_000)).decode()
    neonize.call("send_document", client="alice", to=bob[1:], data=data)
    got = neonize.wait("Message", "bob")
    assert neonize.call("download", client="bob", message=got["raw"]) == data
    wait_for(lambda: chat(simulator, bob), "the phone's copy")
    assert chat(simulator, bob)[0]["text"] == "[document]"


def test_a_failed_upload_is_an_error_for_the_sender(
    simulator: Simulator, neonize: Neonize, alice: str, carla: str
) -> None:
    simulator.post("/api/faults", kind="media_upload", status=503)
    with pytest.raises(RuntimeError, match="503"):
        neonize.call("send_document", client="alice", to=carla[1:], data="AAAA")


def test_a_failed_download_is_an_error_for_the_receiver(
    simulator: Simulator, neonize: Neonize, alice: str
) -> None:
    bob = neonize.link(simulator, "bob")
    simulator.post("/api/faults", kind="media_download", status=404)
    neonize.call("send_document", client="alice", to=bob[1:], data="AAAA")
    got = neonize.wait("Message", "bob")
    with pytest.raises(RuntimeError, match="404"):
        neonize.call("download", client="bob", message=got["raw"])


def test_a_device_that_is_linked_later_gets_messages_once_the_sender_knows_of_it(
    simulator: Simulator, neonize: Neonize, alice: str
) -> None:
    bob = neonize.link(simulator, "bob")
    neonize.call("send", client="alice", to=bob[1:], text="to one device")
    neonize.wait("Message", "bob")
    neonize.link(simulator, "bob-tablet", number=bob)
    neonize.call("send", client="alice", to=bob[1:], text="tells Alice of the new one")
    neonize.call("send", client="alice", to=bob[1:], text="to two devices")
    assert text_of(neonize.wait("Message", "bob-tablet")) == "to two devices"


def test_a_device_that_is_unlinked_gets_nothing_more(
    simulator: Simulator, neonize: Neonize, alice: str
) -> None:
    bob = neonize.link(simulator, "bob")
    neonize.call("send", client="alice", to=bob[1:], text="before")
    neonize.wait("Message", "bob")
    simulator.post(f"/api/phones/{bob}/unlink")
    neonize.wait("LoggedOut", "bob")
    start = neonize.mark()
    neonize.call("send", client="alice", to=bob[1:], text="after")
    wait_for(lambda: len(chat(simulator, bob)) == 2, "the phone has both")
    assert stays(lambda: "Message" not in neonize.names("bob", start), 0.3)


def test_a_client_uploads_more_keys_when_few_are_left(
    simulator: Simulator, neonize: Neonize, alice: str
) -> None:
    def keys() -> int:
        count: int = simulator.phone(alice)["devices"][0]["keys"]
        return count

    assert keys() > 100
    simulator.post("/api/faults", kind="few_keys", number=alice)
    wait_for(lambda: keys() == 54, "fifty new keys")
