"""Signal sessions between phones. The wire tests check them against libsignal."""

from __future__ import annotations

import random

import pytest

from simulator.whatsapp.wire.prekeys import Bundle, SignedKey
from simulator.whatsapp.wire.signal_session import Repeated, SessionBook, SignalError
from simulator.whatsapp.wire.varint import VarintError, pack, unpack
from simulator.whatsapp.wire.xeddsa import DJB, KeyPair, verify


class Peer:
    """An identity with one signed prekey, like a phone."""

    def __init__(self) -> None:
        self.identity, self.signed = KeyPair.generate(), KeyPair.generate()
        self.book = SessionBook(self.identity, self.signed, 7)

    def bundle(self) -> Bundle:
        signature = self.identity.sign(DJB + self.signed.public)
        key = SignedKey(b"\x00\x00\x01", self.signed.public, signature)
        return Bundle(b"\x00\x00\x00\x07", self.identity.public, key, None)


@pytest.fixture
def pair() -> tuple[Peer, Peer]:
    """Return Alice and Bob. Alice has opened a session with Bob."""
    alice, bob = Peer(), Peer()
    alice.book.open(bob.bundle())
    return alice, bob


def test_it_sends_pkmsg_until_the_peer_has_answered(
    pair: tuple[Peer, Peer],
) -> None:
    alice, bob = pair
    first, second = alice.book.encrypt(b"one"), alice.book.encrypt(b"two")
    assert (first[0], second[0]) == ("pkmsg", "pkmsg")
    assert [bob.book.decrypt(*m) for m in (first, second)] == [b"one", b"two"]
    assert alice.book.decrypt(*bob.book.encrypt(b"three")) == b"three"
    kind, data = alice.book.encrypt(b"four")
    assert kind == "msg"
    assert bob.book.decrypt(kind, data) == b"four"


def test_it_decrypts_messages_in_any_order_but_once(pair: tuple[Peer, Peer]) -> None:
    alice, bob = pair
    sent = [(i, alice.book.encrypt(str(i).encode())) for i in range(20)]
    bob.book.decrypt(*sent[0][1])
    alice.book.decrypt(*bob.book.encrypt(b"turn"))
    sent = sent[1:] + [(i, alice.book.encrypt(str(i).encode())) for i in range(20, 40)]
    random.shuffle(sent)
    assert all(bob.book.decrypt(*message) == str(i).encode() for i, message in sent)
    for _, message in sent:
        with pytest.raises(Repeated):
            bob.book.decrypt(*message)


def test_it_handles_two_sessions_opened_at_once() -> None:
    alice, bob = Peer(), Peer()
    alice.book.open(bob.bundle())
    bob.book.open(alice.bundle())
    from_alice, from_bob = alice.book.encrypt(b"a"), bob.book.encrypt(b"b")
    assert bob.book.decrypt(*from_alice) == b"a"
    assert alice.book.decrypt(*from_bob) == b"b"
    for turn in range(6):
        assert bob.book.decrypt(*alice.book.encrypt(b"%d" % turn)) == b"%d" % turn
        assert alice.book.decrypt(*bob.book.encrypt(b"%d" % turn)) == b"%d" % turn


def test_it_rejects_a_forged_message_and_continues(pair: tuple[Peer, Peer]) -> None:
    alice, bob = pair
    kind, data = alice.book.encrypt(b"true")
    for at in range(len(data)):
        forged = data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :]
        try:
            plain = bob.book.decrypt(kind, forged)
        except (SignalError, ValueError):
            continue
        assert plain == b"true", "only fields outside the message may change"
        break
    else:
        assert bob.book.decrypt(kind, data) == b"true"


def test_it_rejects_a_forged_bundle() -> None:
    alice, bob, eve = Peer(), Peer(), Peer()
    bundle = bob.bundle()
    forged = Bundle(bundle.registration_id, eve.identity.public, bundle.signed_key, None)
    with pytest.raises(SignalError):
        alice.book.open(forged)


def test_it_rejects_a_message_of_an_unknown_session(pair: tuple[Peer, Peer]) -> None:
    alice, bob = pair
    bob.book.decrypt(*alice.book.encrypt(b"x"))
    alice.book.decrypt(*bob.book.encrypt(b"y"))
    with pytest.raises(SignalError):
        Peer().book.decrypt(*alice.book.encrypt(b"z"))


def test_it_verifies_signatures_by_key_and_text() -> None:
    for _ in range(20):
        key, other = KeyPair.generate(), KeyPair.generate()
        signature = key.sign(b"text")
        assert verify(key.public, b"text", signature)
        assert not verify(key.public, b"test", signature)
        assert not verify(other.public, b"text", signature)
        assert not verify(key.public, b"text", signature[:-1])
        assert key.exchange(other.public) == other.exchange(key.public)


def test_it_round_trips_protobuf_fields() -> None:
    fields: dict[int, int | bytes] = {1: 0, 2: 300, 3: b"", 4: b"x" * 200, 16: 2**40}
    assert unpack(pack(fields)) == fields
    for broken in (b"\x80", b"\x0a\x05ab", b"\x0d1234"):
        with pytest.raises(VarintError):
            unpack(broken)
