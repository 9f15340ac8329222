"""Signal sessions (X3DH and double ratchet, message version 3), compatible with libsignal.

Only what a phone needs to read and write texts. Each device talked to has a `SessionBook`.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field, replace

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from simulator.whatsapp.accounts import Bundle
from simulator.whatsapp.noise import hkdf
from simulator.whatsapp.varint import Fields, VarintError, pack, unpack
from simulator.whatsapp.xeddsa import DJB, KeyPair, verify

VERSION = b"\x33"
MAC_BYTES = 8
MAX_SKIP = 2000
KEPT_CHAINS = 5
KEPT_SESSIONS = 10


class SignalError(Exception):
    """A ciphertext that is malformed, forged, or from no known session."""


class Repeated(SignalError):
    """A ciphertext that was read before."""


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

    def decrypt(self, sealed: bytes) -> bytes:
        """Raises SignalError when the padding is wrong."""
        decryptor = Cipher(algorithms.AES(self.cipher), modes.CBC(self.iv)).decryptor()
        unpadder = padding.PKCS7(128).unpadder()
        try:
            padded = decryptor.update(sealed) + decryptor.finalize()
            return unpadder.update(padded) + unpadder.finalize()
        except ValueError as error:
            raise SignalError("a ciphertext of the wrong length") from error


@dataclass(slots=True)
class Chain:
    """A row of message keys; `skipped` holds those of messages that did not come yet."""

    key: bytes
    index: int = 0
    skipped: dict[int, MessageKeys] = field(default_factory=dict)

    def next(self) -> MessageKeys:
        """The keys of message number `index`; the chain moves on."""
        seed = hmac.digest(self.key, b"\x01", "sha256")
        self.key = hmac.digest(self.key, b"\x02", "sha256")
        self.index += 1
        keys = hkdf(seed, b"", b"WhisperMessageKeys", 80)
        return MessageKeys(keys[:32], keys[32:64], keys[64:])

    def at(self, counter: int) -> MessageKeys:
        """The keys of message number `counter`; raises Repeated or SignalError."""
        if counter < self.index:
            if counter not in self.skipped:
                raise Repeated("a message that was read before")
            return self.skipped.pop(counter)
        if counter - self.index > MAX_SKIP:
            raise SignalError("a message from too far ahead")
        while self.index < counter:
            number = self.index
            self.skipped[number] = self.next()
        return self.next()


def _step(root: bytes, own: KeyPair, theirs: bytes) -> tuple[bytes, Chain]:
    """One turn of the Diffie-Hellman ratchet: the new root key and the chain under it."""
    keys = hkdf(own.exchange(theirs), root, b"WhisperRatchet", 64)
    return keys[:32], Chain(keys[32:])


def _agree(*secrets: bytes) -> tuple[bytes, Chain]:
    """X3DH: root key and first chain from the shared secrets."""
    keys = hkdf(b"\xff" * 32 + b"".join(secrets), b"", b"WhisperText", 64)
    return keys[:32], Chain(keys[32:])


@dataclass(slots=True)
class Session:
    """One conversation with one device. Keys are 32-byte public keys unless they are pairs."""

    base: bytes
    local_identity: bytes
    remote_identity: bytes
    root: bytes
    ratchet: KeyPair
    sending: Chain
    receiving: dict[bytes, Chain]
    previous: int = 0
    opening: Fields | None = None  # sent along until the other side has answered

    @classmethod
    def open(cls, identity: KeyPair, bundle: Bundle, registration_id: int) -> Session:
        """Start a conversation from a prekey bundle; raises SignalError when it is forged."""
        signed = bundle.signed_key
        if not verify(bundle.identity, DJB + signed.value, signed.signature):
            raise SignalError("a signed prekey that its identity did not sign")
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
    def accept(cls, identity: KeyPair, signed: KeyPair, said: Fields) -> Session:
        """Take up a conversation that somebody opened with this phone's bundle."""
        base, theirs = _key(said, 2), _key(said, 3)
        root, first = _agree(
            signed.exchange(theirs), identity.exchange(base), signed.exchange(base)
        )
        return cls(base, identity.public, theirs, root, signed, first, {})

    def encrypt(self, plain: bytes) -> tuple[str, bytes]:
        """("pkmsg" or "msg", ciphertext)."""
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
        """The plain text of a message; raises SignalError, and then nothing has changed."""
        body, mac = data[:-MAC_BYTES], data[-MAC_BYTES:]
        said = _fields(body)
        theirs, counter, sealed = _key(said, 1), said.get(2, 0), said.get(4)
        if not isinstance(counter, int) or not isinstance(sealed, bytes):
            raise SignalError("a message without its parts")
        known = self.receiving.get(theirs)
        if known is not None:
            root, chain = self.root, replace(known, skipped=dict(known.skipped))
        else:
            root, chain = _step(self.root, self.ratchet, theirs)
        keys = chain.at(counter)
        expected = self._mac(keys, self.remote_identity, self.local_identity, body)
        if not hmac.compare_digest(mac, expected):
            raise SignalError("a message that fails its check")
        plain = keys.decrypt(sealed)
        self._commit(theirs, chain, root, turn=known is None)
        return plain

    def _commit(self, theirs: bytes, chain: Chain, root: bytes, turn: bool) -> None:
        self.receiving[theirs] = chain
        self.opening = None
        if turn:
            self.previous = max(self.sending.index - 1, 0)
            self.ratchet = KeyPair.generate()
            self.root, self.sending = _step(root, self.ratchet, theirs)
            while len(self.receiving) > KEPT_CHAINS:
                del self.receiving[next(iter(self.receiving))]


class SessionBook:
    """The conversations with one device, the current one first."""

    def __init__(self, identity: KeyPair, signed: KeyPair, registration_id: int) -> None:
        self._identity = identity
        self._signed = signed
        self._registration_id = registration_id
        self._sessions: list[Session] = []

    @property
    def empty(self) -> bool:
        """Whether a bundle is needed before anything can be written."""
        return not self._sessions

    def open(self, bundle: Bundle) -> None:
        """Start a new conversation; raises SignalError for a forged bundle."""
        self._keep(Session.open(self._identity, bundle, self._registration_id))

    def _keep(self, session: Session) -> None:
        self._sessions = [session, *(s for s in self._sessions if s is not session)]
        del self._sessions[KEPT_SESSIONS:]

    def encrypt(self, plain: bytes) -> tuple[str, bytes]:
        """("pkmsg" or "msg", ciphertext) in the current conversation."""
        return self._sessions[0].encrypt(plain)

    def decrypt(self, kind: str, data: bytes) -> bytes:
        """The plain text; raises SignalError."""
        if kind == "pkmsg":
            return self._decrypt_opening(data)
        refused: SignalError = SignalError("a message from no known session")
        for session in list(self._sessions):
            try:
                plain = session.decrypt(data)
            except Repeated:
                raise
            except SignalError as error:
                refused = error
                continue
            self._keep(session)
            return plain
        raise refused

    def _decrypt_opening(self, data: bytes) -> bytes:
        said = _fields(data)
        message = said.get(4)
        if not isinstance(message, bytes):
            raise SignalError("an opening without a message")
        base = _key(said, 2)
        session = next((s for s in self._sessions if s.base == base), None)
        session = session or Session.accept(self._identity, self._signed, said)
        plain = session.decrypt(message)
        self._keep(session)
        return plain


def opening_identity(data: bytes) -> bytes:
    """The identity key (32 bytes) that the sender of a pkmsg claims; raises SignalError."""
    return _key(_fields(data), 3)


def _fields(data: bytes) -> Fields:
    if data[:1] != VERSION:
        raise SignalError("a message of another version")
    try:
        return unpack(data[1:])
    except VarintError as error:
        raise SignalError("a message that cannot be read") from error


def _key(said: Fields, number: int) -> bytes:
    value = said.get(number)
    if not isinstance(value, bytes) or len(value) != 33 or value[:1] != DJB:
        raise SignalError("a message without a key that it needs")
    return value[1:]
