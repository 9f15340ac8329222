"""A passkey in software (WebAuthn level 2): an ES256 key that verifies its user."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

ORIGIN, SITE = "http://testserver", "testserver"
_FLAGS = AuthenticatorData.FLAG.UP | AuthenticatorData.FLAG.UV


class SoftwareKey:
    """It is always resident, as those of phones are, whatever the site asks for."""

    def __init__(self, user_handle: bytes) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._id = b"key-" + sha256(user_handle).digest()[:12]
        self._user_handle = user_handle

    def register(self, challenge: str) -> str:
        """Return what the browser posts after ``navigator.credentials.create``."""
        public = ES256.from_cryptography_key(self._key.public_key())  # type: ignore[no-untyped-call]
        stored = AttestedCredentialData.create(Aaguid(bytes(16)), self._id, public)
        flags = _FLAGS | AuthenticatorData.FLAG.AT
        data = AuthenticatorData.create(_site_hash(), flags, 0, stored)
        response = {
            "clientDataJSON": websafe_encode(_client_data("create", challenge)),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        }
        return self._posted(response, {"credProps": {"rk": True}})

    def prove(self, challenge: str) -> str:
        """Return what the browser posts after ``navigator.credentials.get``."""
        data = AuthenticatorData.create(_site_hash(), _FLAGS, 1)
        client = _client_data("get", challenge)
        signature = self._key.sign(data + sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": websafe_encode(client),
            "authenticatorData": websafe_encode(data),
            "signature": websafe_encode(signature),
            "userHandle": websafe_encode(self._user_handle),
        }
        return self._posted(response, {})

    def _posted(self, response: dict[str, Any], extensions: dict[str, Any]) -> str:
        name = websafe_encode(self._id)
        return json.dumps(
            {
                "id": name,
                "rawId": name,
                "type": "public-key",
                "response": response,
                "clientExtensionResults": extensions,
            }
        )


def _site_hash() -> bytes:
    return sha256(SITE.encode()).digest()


def _client_data(what: str, challenge: str) -> bytes:
    kind = CollectedClientData.TYPE.CREATE if what == "create" else CollectedClientData.TYPE.GET
    return bytes(CollectedClientData.create(kind, challenge, ORIGIN))
