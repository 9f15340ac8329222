"""Link a client by an eight-character code that the user types on the phone."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import time

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from simulator.whatsapp.accounts import Account, Companion
from simulator.whatsapp.device_link import link
from simulator.whatsapp.errors import ClientGone, RequestError
from simulator.whatsapp.network import Network
from simulator.whatsapp.pairing_state import CodeEntry, Pairing
from simulator.whatsapp.wire.binary_xml import SERVER, Node, WireError
from simulator.whatsapp.wire.noise import hkdf
from simulator.whatsapp.wire.xeddsa import KeyPair

ROUNDS = 131_072
LENGTH = 8
ALPHABET = frozenset("123456789ABCDEFGHJKLMNPQRSTVWXYZ")
FINISH_SECONDS = 5.0
STAGE = "link_code_companion_reg"


def handle(network: Network, pairing: Pairing, query: Node) -> None:
    """Handle a query of the client in the code exchange. Raises WireError."""
    message = query.need(STAGE)
    if message.text("stage") == "companion_hello":
        _hello(network, pairing, query, message)
    elif message.text("stage") == "companion_finish":
        _finish(pairing, query)
    else:
        pairing.connection.refuse(query, 501, "feature-not-implemented")


def _hello(network: Network, pairing: Pairing, query: Node, message: Node) -> None:
    wrapped = message.need("link_code_pairing_wrapped_companion_ephemeral_pub").data()
    if len(wrapped) != 80:
        raise WireError("the client's ephemeral key is not 80 bytes")
    number = message.jid("jid").user
    pairing.code = CodeEntry(number, wrapped, secrets.token_bytes(16))
    network.log.add("code", number=number, ref_id=pairing.ref_id)
    ref = Node("link_code_pairing_ref", {}, pairing.code.ref)
    pairing.connection.answer(query, Node(STAGE, {"stage": "companion_hello"}, [ref]))


def _finish(pairing: Pairing, query: Node) -> None:
    future = pairing.code.finish if pairing.code else None
    if future is None or future.done():
        pairing.connection.refuse(query, 400, "bad-request")
    else:
        future.set_result(query)


async def enter(network: Network, pairing: Pairing, account: Account, typed: str) -> Companion:
    """Type a code on the account's phone, and link the client. Raises RequestError or
    ClientGone."""
    code = typed.replace("-", "").replace(" ", "").upper()
    if len(code) != LENGTH or not set(code) <= ALPHABET:
        raise RequestError("A linking code has eight letters and digits.")
    if pairing.code is None or pairing.code.finish is not None:
        raise RequestError("This client is not waiting for a code.")
    pairing.code.finish = asyncio.get_running_loop().create_future()
    try:
        adv = await _exchange(pairing, pairing.code, pairing.code.finish, account, code)
    finally:
        pairing.code.finish = None
    return await link(network, pairing, account, adv)


async def _exchange(
    pairing: Pairing, entry: CodeEntry, finish: asyncio.Future[Node], account: Account, code: str
) -> bytes:
    """Exchange keys under the typed code, and return the 32-byte secret for the link."""
    theirs = await asyncio.to_thread(_crypt, code, entry.wrapped[:48], entry.wrapped[48:])
    own = KeyPair.generate()
    head = os.urandom(48)
    wrapped = head + await asyncio.to_thread(_crypt, code, head, own.public)
    pairing.connection.send(_primary_hello(entry, wrapped, account))
    try:
        async with asyncio.timeout(FINISH_SECONDS):
            query = await finish
    except TimeoutError as error:
        raise RequestError("The client did not answer the code.") from error
    except asyncio.CancelledError as error:
        if finish.cancelled():
            raise ClientGone("The client disconnected before it answered.") from error
        raise
    try:
        adv = _unwrap(query, entry, own.exchange(theirs), pairing, account)
    except (WireError, InvalidTag, ValueError) as error:
        pairing.connection.refuse(query, 400, "bad-request")
        raise RequestError("The code is wrong.") from error
    pairing.connection.answer(query)
    return adv


def _crypt(code: str, head: bytes, data: bytes) -> bytes:
    """Encrypt or decrypt with AES-256-CTR under the code. ``head`` is the salt (32 bytes) and the
    IV (16 bytes)."""
    key = hashlib.pbkdf2_hmac("sha256", code.encode(), head[:32], ROUNDS, 32)
    cryptor = Cipher(algorithms.AES(key), modes.CTR(head[32:48])).encryptor()
    return cryptor.update(data) + cryptor.finalize()


def _primary_hello(entry: CodeEntry, wrapped: bytes, account: Account) -> Node:
    message = Node(
        STAGE,
        {"stage": "primary_hello"},
        [
            Node("link_code_pairing_ref", {}, entry.ref),
            Node("link_code_pairing_wrapped_primary_ephemeral_pub", {}, wrapped),
            Node("primary_identity_pub", {}, account.identity.public),
        ],
    )
    return Node(
        "notification",
        {"from": SERVER, "type": STAGE, "id": secrets.token_hex(8), "t": str(int(time.time()))},
        [message],
    )


def _unwrap(
    query: Node, entry: CodeEntry, shared: bytes, pairing: Pairing, account: Account
) -> bytes:
    """Decrypt and check the client's key bundle. Raises InvalidTag, ValueError or WireError."""
    message = query.need(STAGE)
    bundle = message.need("link_code_pairing_wrapped_key_bundle").data()
    key = hkdf(shared, bundle[:32], b"link_code_pairing_key_bundle_encryption_key", 32)
    plain = AESGCM(key).decrypt(bundle[32:44], bundle[44:], None)
    companion, primary, random = plain[:32], plain[32:64], plain[64:]
    expected = pairing.registration.identity
    if (companion, primary) != (expected, account.identity.public) or len(random) != 32:
        raise ValueError("the bundle contains other identities")
    if message.need("link_code_pairing_ref").data() != entry.ref:
        raise ValueError("the bundle belongs to another code")
    return hkdf(shared + account.identity.exchange(companion) + random, b"", b"adv_secret", 32)
