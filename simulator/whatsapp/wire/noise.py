"""The server side (responder) of WhatsApp's Noise_XX_25519_AESGCM_SHA256 handshake."""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.message import DecodeError

from simulator.whatsapp.wire.protobuf import HandshakeMessage
from simulator.whatsapp.wire.xeddsa import KeyPair

PATTERN = b"Noise_XX_25519_AESGCM_SHA256\x00\x00\x00\x00"
PROLOGUE = b"WA\x06\x03"
MAX_FRAME = 1 << 24


class NoiseError(Exception):
    """The client sent an invalid handshake step, or a frame that does not decrypt."""


def hkdf(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """Derive ``length`` bytes from ``secret`` with HKDF-SHA256 (RFC 5869)."""
    key = hmac.digest(salt or bytes(32), secret, "sha256")
    out = block = b""
    counter = 1
    while len(out) < length:
        block = hmac.digest(key, block + info + bytes([counter]), "sha256")
        out += block
        counter += 1
    return out[:length]


class Cipher:
    """AES-256-GCM with a counter as nonce, for one direction of a transport."""

    def __init__(self, key: bytes) -> None:
        self._aead = AESGCM(key)
        self._counter = 0

    def _nonce(self) -> bytes:
        nonce = bytes(8) + self._counter.to_bytes(4, "big")
        self._counter += 1
        return nonce

    def seal(self, plain: bytes, aad: bytes | None = None) -> bytes:
        """Encrypt and authenticate, and advance the counter."""
        return self._aead.encrypt(self._nonce(), plain, aad)

    def open(self, sealed: bytes, aad: bytes | None = None) -> bytes:
        """Decrypt and verify. Advances the counter in any case. Raises NoiseError."""
        try:
            return self._aead.decrypt(self._nonce(), sealed, aad)
        except InvalidTag as error:
            raise NoiseError("a frame did not decrypt") from error


class Handshake:
    """The three messages of the handshake: ``hello``, then ``finish``, then ``transport``.

    ``static`` is the server's long-lived key, ``certificate`` the certificate chain for it."""

    def __init__(self, static: KeyPair, certificate: bytes) -> None:
        self._static = static
        self._certificate = certificate
        self._ephemeral = KeyPair.generate()
        self._hash = self._salt = PATTERN
        self._cipher = Cipher(PATTERN)
        self._mix_hash(PROLOGUE)

    def _mix_hash(self, data: bytes) -> None:
        self._hash = hashlib.sha256(self._hash + data).digest()

    def _mix_key(self, secret: bytes) -> None:
        keys = hkdf(secret, self._salt, b"", 64)
        self._salt, self._cipher = keys[:32], Cipher(keys[32:])

    def _seal(self, plain: bytes) -> bytes:
        sealed = self._cipher.seal(plain, self._hash)
        self._mix_hash(sealed)
        return sealed

    def _open(self, sealed: bytes) -> bytes:
        plain = self._cipher.open(sealed, self._hash)
        self._mix_hash(sealed)
        return plain

    def hello(self, frame: bytes) -> bytes:
        """Return the server's hello for a client's hello (both serialized). Raises NoiseError."""
        peer = _parse(frame).clientHello.ephemeral
        self._mix_hash(peer)
        self._mix_hash(self._ephemeral.public)
        self._mix_key(_agree(self._ephemeral, peer))
        answer = HandshakeMessage()
        answer.serverHello.ephemeral = self._ephemeral.public
        answer.serverHello.static = self._seal(self._static.public)
        self._mix_key(_agree(self._static, peer))
        answer.serverHello.payload = self._seal(self._certificate)
        serialized: bytes = answer.SerializeToString()
        return serialized

    def finish(self, frame: bytes) -> tuple[bytes, bytes]:
        """Return the 32-byte static public key and the payload of the client's finish. Raises
        NoiseError."""
        message = _parse(frame).clientFinish
        static = self._open(message.static)
        self._mix_key(_agree(self._ephemeral, static))
        return static, self._open(message.payload)

    def transport(self) -> tuple[Cipher, Cipher]:
        """Return the ciphers of the transport: (client to server, server to client)."""
        keys = hkdf(b"", self._salt, b"", 64)
        return Cipher(keys[:32]), Cipher(keys[32:])


def _parse(frame: bytes) -> HandshakeMessage:
    try:
        return HandshakeMessage.FromString(frame)
    except DecodeError as error:
        raise NoiseError("a handshake frame is not a HandshakeMessage") from error


def _agree(key: KeyPair, peer: bytes) -> bytes:
    try:
        return key.exchange(peer)
    except ValueError as error:
        raise NoiseError("an invalid public key in the handshake") from error


class FrameReader:
    """Split the byte stream of a websocket into frames (3-byte big-endian length, then body)."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._started = False

    def feed(self, data: bytes) -> list[bytes]:
        """Add ``data`` and return the frames that are now complete. Raises NoiseError if the
        stream does not begin with the prologue."""
        self._buffer += data
        if not self._started:
            if len(self._buffer) < len(PROLOGUE):
                return []
            if self._buffer[: len(PROLOGUE)] != PROLOGUE:
                raise NoiseError("the stream does not start with the expected prologue")
            del self._buffer[: len(PROLOGUE)]
            self._started = True
        frames = []
        while len(self._buffer) >= 3:
            end = 3 + int.from_bytes(self._buffer[:3], "big")
            if len(self._buffer) < end:
                break
            frames.append(bytes(self._buffer[3:end]))
            del self._buffer[:end]
        return frames


def frame(body: bytes) -> bytes:
    """Return ``body`` as one frame. Raises NoiseError if it is too long."""
    if len(body) >= MAX_FRAME:
        raise NoiseError("a frame is too long")
    return len(body).to_bytes(3, "big") + body
