"""Encode and decode WhatsApp's binary XML, which replaces common words by tokens."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field

from simulator.whatsapp.wire.tokens import SINGLE, Dictionary

USER_SERVER = "s.whatsapp.net"
LID_SERVER = "lid"
_DOMAINS = {0: USER_SERVER, 1: LID_SERVER, 128: "hosted", 129: "hosted.lid"}
_DOMAIN_CODES = {server: code for code, server in _DOMAINS.items()}

LIST_EMPTY, INTEROP_JID, FB_JID, AD_JID, LIST_8, LIST_16, JID_PAIR = 0, 245, 246, 247, 248, 249, 250
HEX_8, BINARY_8, BINARY_20, BINARY_32, NIBBLE_8 = 251, 252, 253, 254, 255
_NIBBLES = "0123456789-."
_HEX = "0123456789ABCDEF"
MAX_PLAIN = 32 << 20


class WireError(Exception):
    """The bytes are not a well-formed node, or a node lacks a required part."""


@dataclass(frozen=True, slots=True)
class Jid:
    """An address: user digits, server name, device number (0 = the phone)."""

    user: str
    server: str = USER_SERVER
    device: int = 0

    def __str__(self) -> str:
        device = f":{self.device}" if self.device else ""
        return f"{self.user}{device}@{self.server}" if self.user else self.server

    def bare(self) -> Jid:
        """Return the address without the device."""
        return Jid(self.user, self.server)


SERVER = Jid("", USER_SERVER)
Value = str | Jid


@dataclass(slots=True)
class Node:
    """One element. Content is bytes, child nodes, or nothing."""

    tag: str
    attrs: dict[str, Value] = field(default_factory=dict)
    content: bytes | list[Node] | None = None

    def children(self) -> list[Node]:
        """Return the child nodes; none if the content is bytes."""
        return self.content if isinstance(self.content, list) else []

    def find(self, *path: str) -> Node | None:
        """Return the first descendant along a path of tags, or None."""
        node: Node | None = self
        for tag in path:
            node = next((c for c in node.children() if c.tag == tag), None) if node else None
        return node

    def need(self, *path: str) -> Node:
        """Return the first descendant along a path of tags. Raises WireError if there is none."""
        node = self.find(*path)
        if node is None:
            raise WireError(f"<{self.tag}> has no <{'/'.join(path)}>")
        return node

    def data(self) -> bytes:
        """Return the content as bytes. Raises WireError if it is not bytes."""
        if not isinstance(self.content, bytes):
            raise WireError(f"<{self.tag}> contains no bytes")
        return self.content

    def text(self, name: str, default: str = "") -> str:
        """Return an attribute as text."""
        return str(self.attrs.get(name, default))

    def jid(self, name: str) -> Jid:
        """Return an attribute that is an address. Raises WireError if it is not."""
        value = self.attrs.get(name)
        if not isinstance(value, Jid):
            raise WireError(f"<{self.tag}> has no address in {name!r}")
        return value


def encode(node: Node, words: Dictionary) -> bytes:
    """Encode a node as the plaintext of one frame (flag byte first)."""
    out = bytearray(b"\x00")
    _write_node(out, node, words)
    return bytes(out)


def _write_node(out: bytearray, node: Node, words: Dictionary) -> None:
    _write_list(out, 1 + 2 * len(node.attrs) + (node.content is not None))
    _write_text(out, node.tag, words)
    for name, value in node.attrs.items():
        _write_text(out, name, words)
        if isinstance(value, Jid):
            _write_jid(out, value, words)
        else:
            _write_text(out, value, words)
    if isinstance(node.content, bytes):
        _write_bytes(out, node.content)
    elif node.content is not None:
        _write_list(out, len(node.content))
        for child in node.content:
            _write_node(out, child, words)


def _write_list(out: bytearray, size: int) -> None:
    if size == 0:
        out.append(LIST_EMPTY)
    elif size < 256:
        out += bytes([LIST_8, size])
    else:
        out.append(LIST_16)
        out += size.to_bytes(2, "big")


def _write_text(out: bytearray, text: str, words: Dictionary) -> None:
    code = words.codes.get(text)
    if code is not None:
        out += code
    else:
        _write_bytes(out, text.encode())


def _write_bytes(out: bytearray, data: bytes) -> None:
    if len(data) < 1 << 8:
        out += bytes([BINARY_8, len(data)])
    elif len(data) < 1 << 20:
        out.append(BINARY_20)
        out += len(data).to_bytes(3, "big")
    else:
        out.append(BINARY_32)
        out += len(data).to_bytes(4, "big")
    out += data


def _write_jid(out: bytearray, jid: Jid, words: Dictionary) -> None:
    if jid.device:
        out += bytes([AD_JID, _DOMAIN_CODES[jid.server], jid.device])
        _write_text(out, jid.user, words)
        return
    out.append(JID_PAIR)
    if jid.user:
        _write_text(out, jid.user, words)
    else:
        out.append(LIST_EMPTY)
    _write_text(out, jid.server, words)


def decode(plain: bytes, words: Dictionary) -> Node:
    """Decode the plaintext of one frame. Raises WireError."""
    if not plain:
        raise WireError("an empty frame")
    body = _inflate(plain[1:]) if plain[0] & 2 else plain[1:]
    try:
        return _Reader(body, words).node()
    except (IndexError, UnicodeDecodeError, RecursionError) as error:
        raise WireError("a truncated or corrupt frame") from error


def _inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(data, MAX_PLAIN)
    except zlib.error as error:
        raise WireError("a compressed frame cannot be decompressed") from error
    if not inflater.eof:
        raise WireError("a compressed frame is truncated or too large")
    return plain


class _Reader:
    def __init__(self, data: bytes, words: Dictionary) -> None:
        self._data = data
        self._at = 0
        self._words = words

    def _byte(self) -> int:
        value = self._data[self._at]
        self._at += 1
        return value

    def _take(self, length: int) -> bytes:
        if self._at + length > len(self._data):
            raise WireError("a value runs past the end of its frame")
        piece = self._data[self._at : self._at + length]
        self._at += length
        return piece

    def _number(self, length: int) -> int:
        return int.from_bytes(self._take(length), "big")

    def _list_size(self, tag: int) -> int:
        if tag == LIST_EMPTY:
            return 0
        if tag in (LIST_8, LIST_16):
            return self._number(tag - LIST_8 + 1)
        raise WireError(f"tag {tag} where a list was expected")

    def node(self) -> Node:
        size = self._list_size(self._byte())
        if size == 0:
            raise WireError("a node without a name")
        tag = self._text()
        attrs: dict[str, Value] = {}
        for _ in range((size - 1) // 2):
            name = self._text()
            attrs[name] = self._value(self._byte())
        return Node(tag, attrs, self._content() if size % 2 == 0 else None)

    def _text(self) -> str:
        value = self._value(self._byte())
        if isinstance(value, Jid):
            raise WireError("an address where a word was expected")
        return value

    def _content(self) -> bytes | list[Node] | None:
        tag = self._byte()
        if tag in (LIST_EMPTY, LIST_8, LIST_16):
            return [self.node() for _ in range(self._list_size(tag))]
        if tag in (BINARY_8, BINARY_20, BINARY_32):
            return self._binary(tag)
        return str(self._value(tag)).encode()

    def _binary(self, tag: int) -> bytes:
        if tag == BINARY_20:
            return self._take(self._number(3) & 0xFFFFF)
        return self._take(self._number(1 if tag == BINARY_8 else 4))

    def _value(self, tag: int) -> Value:
        if tag == LIST_EMPTY:
            return ""
        if tag < SINGLE:
            return self._words.single[tag]
        if tag < SINGLE + len(self._words.double):
            return self._words.double[tag - SINGLE][self._byte()]
        if tag in (BINARY_8, BINARY_20, BINARY_32):
            return self._binary(tag).decode()
        if tag in (NIBBLE_8, HEX_8):
            return self._packed(_NIBBLES if tag == NIBBLE_8 else _HEX)
        return self._jid(tag)

    def _packed(self, alphabet: str) -> str:
        head = self._byte()
        digits = [d for byte in self._take(head & 0x7F) for d in (byte >> 4, byte & 15)]
        if head & 0x80:
            digits.pop()
        try:
            return "".join(alphabet[d] for d in digits)
        except IndexError as error:
            raise WireError("a packed text with an unknown digit") from error

    def _jid(self, tag: int) -> Jid:
        if tag == JID_PAIR:
            user = self._text()
            return Jid(user, self._text())
        if tag == AD_JID:
            domain, device = self._byte(), self._byte()
            server = _DOMAINS.get(domain)
            if server is None:
                raise WireError(f"address domain {domain} is unknown")
            return Jid(self._text(), server, device)
        if tag in (INTEROP_JID, FB_JID):
            user, device = self._text(), self._number(2)
            if tag == INTEROP_JID:
                self._number(2)
            return Jid(user, self._text(), device)
        raise WireError(f"tag {tag} is unknown")
