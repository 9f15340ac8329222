"""Signal sessions (X3DH and double ratchet, message version 3), compatible with libsignal.

Implements only the parts that a phone needs. A phone has one ``SessionBook`` for each peer device.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from simulator.whatsapp.wire.noise import hkdf
from simulator.whatsapp.wire.prekeys import Bundle
from simulator.whatsapp.wire.varint import Fields, VarintError, pack, unpack
from simulator.whatsapp.wire.xeddsa import DJB, KeyPair, verify

VERSION = b"\x33"
MAC_BYTES = 8
MAX_SKIP = 2000
MAX_CHAINS = 5
MAX_SESSIONS = 10


class SignalError(Exception):
    """The ciphertext is malformed or forged, or belongs to no known session."""


class Repeated(SignalError):
    """The ciphertext was already decrypted before."""


@dataclass(frozen=True, slots=True)
class MessageKeys:
    """The keys of one message: AES-256-CBC key and IV, and the MAC key."""

    cipher: bytes
    mac: bytes
    iv: bytes

    def encrypt(self, plain: bytes) -> bytes:
        padder = padding.PKCS7(128).padder()
        encryptor = Cipher(algorithms.AES(self.cipher), modes.CBC(self.iv)).encryptor()
        return encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()

    def decrypt(self, ciphertext: bytes) -> bytes:
        """Raises SignalError if the length or padding is wrong."""
        decryptor = Cipher(algorithms.AES(self.cipher), modes.CBC(self.iv)).decryptor()
        unpadder = padding.PKCS7(128).unpadder()
        try:
            padded = decryptor.update(ciphertext) + decryptor.finalize()
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError as error:
            raise SignalError("wrong length or padding") from error


@dataclass(slots=True)
class Chain:
    """A chain of message keys. ``skipped`` has the keys of messages that have not arrived yet."""

    key: bytes
    index: int = 0
    skipped: dict[int, MessageKeys] = field(default_factory=dict)

    def next(self) -> MessageKeys:
        """Return the keys of message number ``index``, and advance the chain."""
        seed = hmac.digest(self.key, b"\x01", "sha256")
        self.key = hmac.digest(self.key, b"\x02", "sha256")
        self.index += 1
        keys = hkdf(seed, b"", b"WhisperMessageKeys", 80)
        return MessageKeys(keys[:32], keys[32:64], keys[64:])

    def at(self, counter: int) -> MessageKeys:
        """Return the keys of message number ``counter``. Raises Repeated or SignalError."""
        if counter < self.index:
            if counter not in self.skipped:
                raise Repeated("the message was already decrypted")
            return self.skipped.pop(counter)
        if counter - self.index > MAX_SKIP:
            raise SignalError("the message number is too far ahead")
        while self.index < counter:
            number = self.index
            self.skipped[number] = self.next()
        return self.next()


def _step(root: bytes, own: KeyPair, theirs: bytes) -> tuple[bytes, Chain]:
    """Advance the Diffie-Hellman ratchet. Return the new root key and its chain."""
    keys = hkdf(own.exchange(theirs), root, b"WhisperRatchet", 64)
    return keys[:32], Chain(keys[32:])


def _agree(*secrets: bytes) -> tuple[bytes, Chain]:
    """Derive the root key and the first chain from the shared secrets (X3DH)."""
    keys = hkdf(b"\xff" * 32 + b"".join(secrets), b"", b"WhisperText", 64)
    return keys[:32], Chain(keys[32:])


@dataclass(slots=True)
class Session:
    """A session with one device. Keys are 32-byte public keys unless they are key pairs."""

    base: bytes
    local_identity: bytes
    remote_identity: bytes
    root: bytes
    ratchet: KeyPair
    sending: Chain
    receiving: dict[bytes, Chain]
    previous: int = 0
    opening: Fields | None = None  # sent with each message until the peer has answered

    @classmethod
    def open(cls, identity: KeyPair, bundle: Bundle, registration_id: int) -> Session:
        """Start a session from a prekey bundle. Raises SignalError if the bundle is forged."""
        signed = bundle.signed_key
        if not verify(bundle.identity, DJB + signed.value, signed.signature):
            raise SignalError("the signed prekey is not signed by its identity key")
        base, ratchet = KeyPair.generate(), KeyPair.generate()
        secrets = [
            identity.exchange(signed.value),
            base.exchange(bundle.identity),
            base.exchange(signed.value),
        ]
        opening: Fields = {
            2: DJB + base.public,
            3: DJB + identity.public,
            5: registration_id,
            6: int.from_bytes(signed.id, "big"),
        }
        if bundle.one_time is not None:
            secrets.append(base.exchange(bundle.one_time[1]))
            opening[1] = int.from_bytes(bundle.one_time[0], "big")
        root, first = _agree(*secrets)
        root, sending = _step(root, ratchet, signed.value)
        return cls(
            base.public,
            identity.public,
            bundle.identity,
            root,
            ratchet,
            sending,
            {signed.value: first},
            opening=opening,
        )

    @classmethod
    def accept(cls, identity: KeyPair, signed: KeyPair, opening: Fields) -> Session:
        """Accept a session that a peer has started from this phone's prekey bundle."""
        base, theirs = _key(opening, 2), _key(opening, 3)
        root, first = _agree(
            signed.exchange(theirs), identity.exchange(base), signed.exchange(base)
        )
        return cls(base, identity.public, theirs, root, signed, first, {})

    def encrypt(self, plain: bytes) -> tuple[str, bytes]:
        """Return ("pkmsg" or "msg", ciphertext)."""
        counter = self.sending.index
        keys = self.sending.next()
        body = VERSION + pack(
            {1: DJB + self.ratchet.public, 2: counter, 3: self.previous, 4: keys.encrypt(plain)}
        )
        message = body + self._mac(keys, self.local_identity, self.remote_identity, body)
        if self.opening is None:
            return "msg", message
        return "pkmsg", VERSION + pack({**self.opening, 4: message})

    @staticmethod
    def _mac(keys: MessageKeys, sender: bytes, receiver: bytes, body: bytes) -> bytes:
        whole = DJB + sender + DJB + receiver + body
        return hmac.digest(keys.mac, whole, "sha256")[:MAC_BYTES]

    def decrypt(self, data: bytes) -> bytes:
        """Decrypt a message. Raises SignalError, and leaves the session unchanged in that case."""
        body, mac = data[:-MAC_BYTES], data[-MAC_BYTES:]
        fields = _fields(body)
        theirs, counter, ciphertext = _key(fields, 1), fields.get(2, 0), fields.get(4)
        if not isinstance(counter, int) or not isinstance(ciphertext, bytes):
            raise SignalError("a part of the message is missing")
        known = self.receiving.get(theirs)
        if known is not None:
            root, chain = self.root, replace(known, skipped=dict(known.skipped))
        else:
            root, chain = _step(self.root, self.ratchet, theirs)
        keys = chain.at(counter)
        expected = self._mac(keys, self.remote_identity, self.local_identity, body)
        if not hmac.compare_digest(mac, expected):
            raise SignalError("the MAC is wrong")
        plain = keys.decrypt(ciphertext)
        self._commit(theirs, chain, root, new_ratchet=known is None)
        return plain

    def _commit(self, theirs: bytes, chain: Chain, root: bytes, new_ratchet: bool) -> None:
        self.receiving[theirs] = chain
        self.opening = None
        if new_ratchet:
            self.previous = max(self.sending.index - 1, 0)
            self.ratchet = KeyPair.generate()
            self.root, self.sending = _step(root, self.ratchet, theirs)
            while len(self.receiving) > MAX_CHAINS:
                del self.receiving[next(iter(self.receiving))]


class SessionBook:
    """The sessions with one device, the current one first."""

    def __init__(self, identity: KeyPair, signed: KeyPair, registration_id: int) -> None:
        self._identity = identity
        self._signed = signed
        self._registration_id = registration_id
        self._sessions: list[Session] = []

    @property
    def empty(self) -> bool:
        """Whether a prekey bundle is needed before the first message."""
        return not self._sessions

    def open(self, bundle: Bundle) -> None:
        """Start a new session. Raises SignalError if the bundle is forged."""
        self._put_first(Session.open(self._identity, bundle, self._registration_id))

    def _put_first(self, session: Session) -> None:
        self._sessions = [session, *(s for s in self._sessions if s is not session)]
        del self._sessions[MAX_SESSIONS:]

    def encrypt(self, plain: bytes) -> tuple[str, bytes]:
        """Encrypt in the current session. Return ("pkmsg" or "msg", ciphertext)."""
        return self._sessions[0].encrypt(plain)

    def decrypt(self, kind: str, data: bytes) -> bytes:
        """Decrypt a "pkmsg" or "msg". Raises SignalError."""
        if kind == "pkmsg":
            return self._decrypt_opening(data)
        failure = SignalError("the message belongs to no known session")
        for session in list(self._sessions):
            try:
                plain = session.decrypt(data)
            except Repeated:
                raise
            except SignalError as error:
                failure = error
                continue
            self._put_first(session)
            return plain
        raise failure

    def _decrypt_opening(self, data: bytes) -> bytes:
        opening = _fields(data)
        message = opening.get(4)
        if not isinstance(message, bytes):
            raise SignalError("the opening contains no message")
        base = _key(opening, 2)
        session = next((s for s in self._sessions if s.base == base), None)
        session = session or Session.accept(self._identity, self._signed, opening)
        plain = session.decrypt(message)
        self._put_first(session)
        return plain


def opening_identity(data: bytes) -> bytes:
    """Return the identity key (32 bytes) that a pkmsg claims to be from. Raises SignalError."""
    return _key(_fields(data), 3)


def _fields(data: bytes) -> Fields:
    if data[:1] != VERSION:
        raise SignalError("the message version is not supported")
    try:
        return unpack(data[1:])
    except VarintError as error:
        raise SignalError("the message is malformed") from error


def _key(fields: Fields, number: int) -> bytes:
    value = fields.get(number)
    if not isinstance(value, bytes) or len(value) != 33 or value[:1] != DJB:
        raise SignalError("a key in the message is missing")
    return value[1:]
