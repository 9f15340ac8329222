"""Encoding of binary XML nodes, and framing."""

from __future__ import annotations

import contextlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.whatsapp.wire.binary_xml import Jid, Node, WireError, decode, encode
from simulator.whatsapp.wire.noise import FrameReader, NoiseError, frame
from simulator.whatsapp.wire.tokens import Dictionary, installed

words = st.one_of(st.text(min_size=1, max_size=300), st.sampled_from(installed().single[1:]))
jids = st.builds(
    Jid,
    st.text("0123456789", min_size=1, max_size=15),
    st.sampled_from(["s.whatsapp.net", "lid"]),
    st.integers(0, 99),
)
leaves = st.one_of(st.none(), st.binary(max_size=400))
attributes = st.dictionaries(words, st.one_of(words, jids), max_size=5)
nodes = st.recursive(
    st.builds(Node, words, attributes, leaves),
    lambda inner: st.builds(Node, words, attributes, st.lists(inner, min_size=1, max_size=4)),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def dictionary() -> Dictionary:
    return installed()


def test_it_reads_the_dictionary_of_the_installed_client(dictionary: Dictionary) -> None:
    assert dictionary.single[:4] == ("", "xmlstreamstart", "xmlstreamend", "s.whatsapp.net")
    assert len(dictionary.single) == 236
    assert [len(table) for table in dictionary.double] == [256] * 4
    assert len(dictionary.codes) == 235 + 4 * 256


@given(node=nodes)
def test_it_round_trips_any_node(node: Node) -> None:
    assert decode(encode(node, installed()), installed()) == node


@given(data=st.binary(max_size=200))
def test_it_only_raises_wire_errors_for_random_bytes(data: bytes) -> None:
    with contextlib.suppress(WireError):
        decode(data, installed())


def test_it_reads_packed_numbers_and_compressed_frames(dictionary: Dictionary) -> None:
    number = b"\xff\x86" + bytes([0x35, 0x19, 0x12, 0x34, 0x56, 0x7F])
    plain = b"\xf8\x03\x04" + b"\x06" + number
    node = decode(b"\x00" + plain, dictionary)
    assert node.attrs == {"from": "35191234567"}
    assert decode(b"\x02" + zlib.compress(plain), dictionary) == node
    with pytest.raises(WireError):
        decode(b"\x02" + zlib.compress(plain)[:-3], dictionary)


def test_it_encodes_the_stream_end_in_four_bytes(dictionary: Dictionary) -> None:
    assert encode(Node("xmlstreamend"), dictionary) == b"\x00\xf8\x01\x02"


def test_it_raises_for_a_missing_part_of_a_node() -> None:
    node = Node("iq", {"to": "text"}, [Node("list")])
    for read in (lambda: node.jid("to"), lambda: node.need("list", "user"), node.data):
        with pytest.raises(WireError):
            read()


@given(bodies=st.lists(st.binary(max_size=50), max_size=5), data=st.data())
def test_it_splits_frames_at_any_chunk_boundary(bodies: list[bytes], data: st.DataObject) -> None:
    stream = b"WA\x06\x03" + b"".join(frame(body) for body in bodies)
    cut = data.draw(st.integers(0, len(stream)))
    reader = FrameReader()
    assert reader.feed(stream[:cut]) + reader.feed(stream[cut:]) == bodies


def test_it_rejects_an_unknown_prologue() -> None:
    with pytest.raises(NoiseError):
        FrameReader().feed(b"GET / HTTP/1.1")
