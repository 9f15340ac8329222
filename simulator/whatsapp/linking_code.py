"""Linking by an eight-character code that is typed on the phone."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
import time
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from simulator.whatsapp.accounts import Account, Companion
from simulator.whatsapp.binary_xml import SERVER, Node, WireError
from simulator.whatsapp.noise import hkdf
from simulator.whatsapp.pairing import Pairing, link
from simulator.whatsapp.refusal import HungUp, Refused
from simulator.whatsapp.xeddsa import KeyPair

ROUNDS = 131_072
LENGTH = 8
ALPHABET = frozenset("123456789ABCDEFGHJKLMNPQRSTVWXYZ")
FINISH_SECONDS = 5.0
STAGE = "link_code_companion_reg"


@dataclass(slots=True)
class CodeWait:
    """A client that shows a code for `number` (digits). `wrapped` is its sealed ephemeral key."""

    number: str
    wrapped: bytes
    ref: bytes
    finish: asyncio.Future[Node] | None = None


def hear(waiting: Pairing, query: Node) -> None:
    """The client's side of the exchange; raises WireError."""
    said = query.need(STAGE)
    if said.text("stage") == "companion_hello":
        _hello(waiting, query, said)
    elif said.text("stage") == "companion_finish":
        _finish(waiting, query)
    else:
        waiting.connection.refuse(query, 501, "feature-not-implemented")


def _hello(waiting: Pairing, query: Node, said: Node) -> None:
    wrapped = said.need("link_code_pairing_wrapped_companion_ephemeral_pub").data()
    if len(wrapped) != 80:
        raise WireError("the client's ephemeral key is not 80 bytes")
    number = said.jid("jid").user
    waiting.code = CodeWait(number, wrapped, secrets.token_bytes(16))
    waiting.connection.network.log.add("code", number=number, ref_id=waiting.ref_id)
    ref = Node("link_code_pairing_ref", {}, waiting.code.ref)
    waiting.connection.answer(query, Node(STAGE, {"stage": "companion_hello"}, [ref]))


def _finish(waiting: Pairing, query: Node) -> None:
    future = waiting.code.finish if waiting.code else None
    if future is None or future.done():
        waiting.connection.refuse(query, 400, "bad-request")
    else:
        future.set_result(query)


async def enter(waiting: Pairing, account: Account, typed: str) -> Companion:
    """Type a code on the account's phone; raises Refused or HungUp."""
    code = typed.replace("-", "").replace(" ", "").upper()
    if len(code) != LENGTH or not set(code) <= ALPHABET:
        raise Refused("A linking code has eight letters and digits.")
    if waiting.code is None or waiting.code.finish is not None:
        raise Refused("This client is not waiting for a code.")
    waiting.code.finish = asyncio.get_running_loop().create_future()
    try:
        adv = await _exchange(waiting, waiting.code, waiting.code.finish, account, code)
    finally:
        waiting.code.finish = None
    return await link(waiting, account, adv)


async def _exchange(
    waiting: Pairing, wait: CodeWait, finish: asyncio.Future[Node], account: Account, code: str
) -> bytes:
    """Swap keys under the typed code; the 32-byte secret that the link is sealed with."""
    theirs = await asyncio.to_thread(_crypt, code, wait.wrapped[:48], wait.wrapped[48:])
    own = KeyPair.generate()
    head = os.urandom(48)
    wrapped = head + await asyncio.to_thread(_crypt, code, head, own.public)
    waiting.connection.send(_primary_hello(wait, wrapped, account))
    try:
        async with asyncio.timeout(FINISH_SECONDS):
            query = await finish
    except TimeoutError as error:
        raise Refused("The client did not answer the code.") from error
    except asyncio.CancelledError as error:
        if finish.cancelled():
            raise HungUp("The client hung up before it answered.") from error
        raise
    try:
        adv = _unwrap(query, wait, own.exchange(theirs), waiting, account)
    except (WireError, InvalidTag, ValueError) as error:
        waiting.connection.refuse(query, 400, "bad-request")
        raise Refused("The code is wrong.") from error
    waiting.connection.answer(query)
    return adv


def _crypt(code: str, head: bytes, data: bytes) -> bytes:
    """AES-256-CTR under the code; `head` is salt (32 bytes) and IV (16). Its own inverse."""
    key = hashlib.pbkdf2_hmac("sha256", code.encode(), head[:32], ROUNDS, 32)
    cryptor = Cipher(algorithms.AES(key), modes.CTR(head[32:48])).encryptor()
    return cryptor.update(data) + cryptor.finalize()


def _primary_hello(wait: CodeWait, wrapped: bytes, account: Account) -> Node:
    said = Node(
        STAGE,
        {"stage": "primary_hello"},
        [
            Node("link_code_pairing_ref", {}, wait.ref),
            Node("link_code_pairing_wrapped_primary_ephemeral_pub", {}, wrapped),
            Node("primary_identity_pub", {}, account.identity.public),
        ],
    )
    return Node(
        "notification",
        {"from": SERVER, "type": STAGE, "id": secrets.token_hex(8), "t": str(int(time.time()))},
        [said],
    )


def _unwrap(
    query: Node, wait: CodeWait, shared: bytes, waiting: Pairing, account: Account
) -> bytes:
    """Open the client's key bundle and check it; raises InvalidTag, ValueError or WireError."""
    said = query.need(STAGE)
    bundle = said.need("link_code_pairing_wrapped_key_bundle").data()
    key = hkdf(shared, bundle[:32], b"link_code_pairing_key_bundle_encryption_key", 32)
    plain = AESGCM(key).decrypt(bundle[32:44], bundle[44:], None)
    companion, primary, random = plain[:32], plain[32:64], plain[64:]
    expected = waiting.registration.identity
    if (companion, primary) != (expected, account.identity.public) or len(random) != 32:
        raise ValueError("the bundle names other identities")
    if said.need("link_code_pairing_ref").data() != wait.ref:
        raise ValueError("the bundle answers another code")
    return hkdf(shared + account.identity.exchange(companion) + random, b"", b"adv_secret", 32)
