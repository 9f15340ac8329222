"""Linking a client by QR code: the refs, the scan, and the proof of both identities."""

from __future__ import annotations

import base64
import binascii
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator.whatsapp.accounts import Account, Companion, Registration, SignedKey
from simulator.whatsapp.binary_xml import LID_SERVER, SERVER, USER_SERVER, Node, WireError
from simulator.whatsapp.pairing_proof import account_signs, device_signed, sealed
from simulator.whatsapp.refusal import Refused
from simulator.whatsapp.varint import VarintError, unpack
from simulator.whatsapp.xeddsa import verify

if TYPE_CHECKING:
    from simulator.whatsapp.connection import Connection
    from simulator.whatsapp.linking_code import CodeWait

REFS = 6
FIRST_SECONDS, NEXT_SECONDS = 60.0, 20.0
GRACE_SECONDS = 2.0  # a scan that was under way when the code changed


@dataclass(frozen=True, slots=True)
class QrText:
    """What stands in a QR code. The keys are 32 bytes each."""

    ref: str
    noise_static: bytes
    identity: bytes
    adv: bytes

    @classmethod
    def parse(cls, text: str) -> QrText:
        """Read the URL form or the old bare form; raises Refused."""
        parts = text.strip().rpartition("#")[2].split(",")
        if len(parts) < 4:
            raise Refused("This is not the text of a WhatsApp linking code.")
        try:
            noise, identity, adv = (base64.b64decode(p, validate=True) for p in parts[1:4])
        except (binascii.Error, ValueError) as error:
            raise Refused("The keys in this linking code cannot be read.") from error
        return cls(parts[0], noise, identity, adv)


class Pairing:
    """A client that waits to be linked."""

    def __init__(self, connection: Connection, registration: Registration, refs: int) -> None:
        self.connection = connection
        self.registration = registration
        self.since = time.time()
        self.refs = [f"2@{secrets.token_urlsafe(48)}" for _ in range(refs)]
        self.adv: bytes | None = None  # known once somebody has shown us the code
        self.code: CodeWait | None = None
        self.busy = False
        self._opened = time.monotonic()

    @property
    def ref_id(self) -> str:
        """A short public name of this wait."""
        return self.refs[0][2:10]

    def window(self, ref: str) -> tuple[float, float]:
        """From when until when (seconds after the start) the client shows a ref."""
        first = FIRST_SECONDS if len(self.refs) == REFS else NEXT_SECONDS
        index = self.refs.index(ref)
        start = first + (index - 1) * NEXT_SECONDS if index else 0.0
        return start, first + index * NEXT_SECONDS

    def current(self, age: float | None = None) -> str | None:
        """The ref that the client shows now, if it still shows one."""
        age = time.monotonic() - self._opened if age is None else age
        return next((ref for ref in self.refs if age < self.window(ref)[1] + GRACE_SECONDS), None)

    def gone(self) -> None:
        """The client hung up: whoever waits for its answer to a code need not."""
        if self.code is not None and self.code.finish is not None:
            self.code.finish.cancel()

    def hear(self, query: Node) -> None:
        """Answer a query of a client that is not linked yet; raises WireError."""
        if query.text("xmlns") == "w:p":
            self.connection.answer(query)
        else:
            self.connection.refuse(query, 501, "feature-not-implemented")

    def valid(self, ref: str) -> bool:
        """Whether a ref can still be scanned."""
        age = time.monotonic() - self._opened
        return ref in self.refs and age < self.window(ref)[1] + GRACE_SECONDS


def begin(connection: Connection, noise_static: bytes, said: Any) -> None:
    """Hand a new client its refs. `said` is its ClientPayload."""
    data = said.devicePairingData
    registration = Registration(
        registration_id=data.eRegid,
        identity=data.eIdent,
        noise_static=noise_static,
        signed_key=SignedKey(data.eSkeyID, data.eSkeyVal, data.eSkeySig),
        device_name=_device_name(data.deviceProps),
    )
    signed = b"\x05" + registration.signed_key.value
    if not verify(registration.identity, signed, registration.signed_key.signature):
        raise WireError("the client's signed prekey is not signed by its identity key")
    network = connection.network
    fault = network.faults.take("refs", None, connection.proxy_user)
    count = int(fault.params["count"]) if fault else REFS
    waiting = Pairing(connection, registration, count)
    connection.pairing = waiting
    network.pairings.add(waiting)
    came = {"proxy_user": connection.proxy_user, "proxy": connection.proxy}
    network.log.add("qr", ref_id=waiting.ref_id, refs=count, **came)
    refs = [Node("ref", {}, ref.encode()) for ref in waiting.refs]
    connection.send(
        Node(
            "iq",
            {"from": SERVER, "type": "set", "id": secrets.token_hex(8), "xmlns": "md"},
            [Node("pair-device", {}, list(refs))],
        )
    )


def _device_name(props: bytes) -> str:
    """The first field of the client's DeviceProps. Raises WireError."""
    try:
        name = unpack(props).get(1, b"")
    except VarintError as error:
        raise WireError("the client's device properties cannot be read") from error
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else ""


async def link(waiting: Pairing, account: Account, adv: bytes) -> Companion:
    """Link the client to the account, as its phone does after a scan.

    `adv` is the 32-byte secret that only the code's picture (or the typed code) carries.
    Raises Refused when the client does not accept it, HungUp when it goes away.
    """
    if waiting.busy:
        raise Refused("This code is being scanned already.")
    waiting.busy = True
    try:
        return await _link(waiting, account, adv)
    finally:
        waiting.busy = False


async def _link(waiting: Pairing, account: Account, adv: bytes) -> Companion:
    connection, network = waiting.connection, waiting.connection.network
    faults, number = network.faults, account.number
    device, client = account.next_device(), waiting.registration.identity
    identity = account_signs(account.identity, client, account.phone.registration_id, device)
    if faults.take("pair_signature_wrong", number, connection.proxy_user):
        identity.accountSignature = bytes(64)
    if faults.take("pair_hmac_wrong", number, connection.proxy_user):
        adv = bytes(32)
    answer = await connection.request(
        Node(
            "pair-success",
            {},
            [
                Node("device-identity", {}, sealed(identity, adv)),
                Node(
                    "device",
                    {
                        "jid": account.jid(USER_SERVER, device),
                        "lid": account.jid(LID_SERVER, device),
                    },
                ),
                Node("platform", {"name": "android"}),
            ],
        )
    )
    _check(answer, identity, client)
    companion = Companion(account, device, waiting.registration)
    account.companions[device] = companion
    network.pairings.discard(waiting)
    name = waiting.registration.device_name
    network.log.add("linked", number=number, device=device, name=name)
    _restart(connection, account)
    network.relay.announce(companion, "add")
    return companion


def _check(answer: Node, identity: Any, client: bytes) -> None:
    """The client must have signed the very identity that it was given."""
    if answer.text("type") != "result":
        error = answer.find("error")
        why = error.text("text") if error else "no reason"
        raise Refused(f"The client refused the link: {why}.")
    said = answer.find("pair-device-sign", "device-identity")
    if said is None or not device_signed(said.data(), client, identity.accountSignatureKey):
        raise Refused("The client's device signature is wrong.")


def _restart(connection: Connection, account: Account) -> None:
    """Tell the client to dial again as a linked device (code 515)."""
    faults = connection.network.faults
    if faults.take("no_515", account.number, connection.proxy_user):
        return
    at_once = faults.take("close_with_515", account.number, connection.proxy_user)
    connection.end_stream(Node("stream:error", {"code": "515"}), linger=0.0 if at_once else 5.0)
