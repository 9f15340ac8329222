"""Link a client by QR code: send the refs, then exchange proofs of both identities."""

from __future__ import annotations

import secrets
from typing import Any

from simulator.whatsapp.accounts import Account, ClientConnection, Companion
from simulator.whatsapp.errors import RequestError
from simulator.whatsapp.network import Network
from simulator.whatsapp.pairing_proof import is_device_signed, seal, sign_device
from simulator.whatsapp.pairing_state import REFS, Pairing
from simulator.whatsapp.wire.binary_xml import LID_SERVER, SERVER, USER_SERVER, Node, WireError
from simulator.whatsapp.wire.prekeys import Registration, SignedKey
from simulator.whatsapp.wire.varint import VarintError, unpack
from simulator.whatsapp.wire.xeddsa import verify


def begin(
    network: Network, connection: ClientConnection, noise_static: bytes, payload: Any
) -> Pairing:
    """Send a new client its refs. ``payload`` is its ClientPayload. Raises WireError."""
    data = payload.devicePairingData
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
    fault = network.faults.take("refs", None, connection.proxy_user)
    count = int(fault.params["count"]) if fault else REFS
    pairing = Pairing(connection, registration, count)
    network.pairings.add(pairing)
    source = {"proxy_user": connection.proxy_user, "proxy": connection.proxy}
    network.log.add("qr", ref_id=pairing.ref_id, refs=count, **source)
    refs = [Node("ref", {}, ref.encode()) for ref in pairing.refs]
    connection.send(
        Node(
            "iq",
            {"from": SERVER, "type": "set", "id": secrets.token_hex(8), "xmlns": "md"},
            [Node("pair-device", {}, list(refs))],
        )
    )
    return pairing


def _device_name(props: bytes) -> str:
    """Return the first field of the client's DeviceProps. Raises WireError."""
    try:
        name = unpack(props).get(1, b"")
    except VarintError as error:
        raise WireError("the client's device properties cannot be read") from error
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else ""


async def link(network: Network, pairing: Pairing, account: Account, adv: bytes) -> Companion:
    """Link the client to the account, as its phone does after a scan.

    ``adv`` is the 32-byte secret that only the QR code (or the typed code) contains. Raises
    RequestError if the client rejects the link, ClientGone if it disconnects."""
    if pairing.busy:
        raise RequestError("This code is already being scanned.")
    pairing.busy = True
    try:
        return await _link(network, pairing, account, adv)
    finally:
        pairing.busy = False


async def _link(network: Network, pairing: Pairing, account: Account, adv: bytes) -> Companion:
    connection, faults, number = pairing.connection, network.faults, account.number
    device, client = account.next_device(), pairing.registration.identity
    identity = sign_device(account.identity, client, account.phone.registration_id, device)
    if faults.take("pair_signature_wrong", number, connection.proxy_user):
        identity.accountSignature = bytes(64)
    if faults.take("pair_hmac_wrong", number, connection.proxy_user):
        adv = bytes(32)
    jids = {"jid": account.jid(USER_SERVER, device), "lid": account.jid(LID_SERVER, device)}
    answer = await connection.request(
        Node(
            "pair-success",
            {},
            [
                Node("device-identity", {}, seal(identity, adv)),
                Node("device", {**jids}),
                Node("platform", {"name": "android"}),
            ],
        )
    )
    _check(answer, identity, client)
    companion = Companion(account, device, pairing.registration)
    account.companions[device] = companion
    network.pairings.discard(pairing)
    name = pairing.registration.device_name
    network.log.add("linked", number=number, device=device, name=name)
    _restart(network, connection, account)
    network.relay.announce(companion, "add")
    return companion


def _check(answer: Node, identity: Any, client: bytes) -> None:
    """Check that the client has signed exactly the identity that it received. Raises
    RequestError."""
    if answer.text("type") != "result":
        error = answer.find("error")
        reason = error.text("text") if error else "no reason"
        raise RequestError(f"The client refused the link: {reason}.")
    signed = answer.find("pair-device-sign", "device-identity")
    if signed is None or not is_device_signed(signed.data(), client, identity.accountSignatureKey):
        raise RequestError("The client's device signature is wrong.")


def _restart(network: Network, connection: ClientConnection, account: Account) -> None:
    """Make the client reconnect as a linked device (stream error 515)."""
    if network.faults.take("no_515", account.number, connection.proxy_user):
        return
    at_once = network.faults.take("close_with_515", account.number, connection.proxy_user)
    connection.end_stream(Node("stream:error", {"code": "515"}), linger=0.0 if at_once else 5.0)
