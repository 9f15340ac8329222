"""Encryption of secrets at rest: AES-256-GCM with the keys of FIELD_ENCRYPTION_KEYS.

The first key encrypts. All keys decrypt, and so does a key derived from DJANGO_SECRET_KEY, for
texts that were encrypted before FIELD_ENCRYPTION_KEYS was set. Each ciphertext is bound to its
purpose, usually its column: copied to another column it cannot be decrypted.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import FieldError
from django.db import models
from django.db.models.lookups import Exact
from django.db.models.query_utils import DeferredAttribute

_VERSION = "v1"
_NONCE_BYTES = 12
KEY_ID_AT, KEY_ID_LENGTH = len(_VERSION) + 2, 8  # its position in an encrypted text, from 1
_SEALED = re.compile(rf"{_VERSION}\.([0-9a-f]{{{KEY_ID_LENGTH}}})\.([A-Za-z0-9_=-]+)", re.ASCII)


class SealBroken(Exception):
    """A text cannot be decrypted: its key is missing, it was changed, or it has another purpose."""


def seal(text: str, purpose: str) -> str:
    """Encrypt ``text`` for ``purpose``, as ``v1.<key id>.<base64 of nonce and ciphertext>``."""
    key_id, cipher = next(iter(_ring().items()))
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + cipher.encrypt(nonce, text.encode(), _bound(key_id, purpose))
    return f"{_VERSION}.{key_id}.{base64.urlsafe_b64encode(sealed).decode()}"


def unseal(sealed: str, purpose: str) -> str:
    """Decrypt a text that was encrypted for ``purpose``. Raises SealBroken."""
    match = _SEALED.fullmatch(sealed)
    if match is None:
        raise SealBroken("The stored value is not an encrypted text.")
    key_id, cipher = match[1], _ring().get(match[1])
    if cipher is None:
        raise SealBroken(f"The key {key_id} is not among FIELD_ENCRYPTION_KEYS.")
    try:
        content = base64.b64decode(match[2], altchars=b"-_", validate=True)
        nonce, ciphertext = content[:_NONCE_BYTES], content[_NONCE_BYTES:]
        return cipher.decrypt(nonce, ciphertext, _bound(key_id, purpose)).decode()
    except (InvalidTag, ValueError, binascii.Error):
        raise SealBroken("The encrypted text was changed, or belongs to another column.") from None


def key_ids() -> list[str]:
    """Return the ids of the keys that can decrypt. The first one encrypts."""
    return list(_ring())


def _bound(key_id: str, purpose: str) -> bytes:
    return f"{_VERSION}.{key_id}.{purpose}".encode()


def _ring() -> dict[str, AESGCM]:
    return _ring_of(tuple(settings.FIELD_ENCRYPTION_KEYS), settings.SECRET_KEY)


@lru_cache(maxsize=8)
def _ring_of(keys: tuple[bytes, ...], secret_key: str) -> dict[str, AESGCM]:
    hkdf = HKDF(SHA256(), length=32, salt=None, info=b"pairline fields at rest")
    return {
        hashlib.sha256(key).hexdigest()[:KEY_ID_LENGTH]: AESGCM(key)
        for key in (*keys, hkdf.derive(secret_key.encode()))
    }


@dataclass(frozen=True)
class Sealed:
    """An encrypted text as stored in a column.

    ``values()`` returns these; attributes of rows decrypt on access. So listing rows costs
    nothing, and a row that cannot be decrypted does not affect others."""

    text: str = field(repr=False)
    purpose: str

    def open(self) -> str:
        """Return the plain text. Raises SealBroken."""
        return unseal(self.text, self.purpose)


class _OpenedWhenRead(DeferredAttribute):
    field: SealedTextField

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        """Return the plain text. Raises SealBroken."""
        value = super().__get__(instance, cls)
        return value.open() if isinstance(value, Sealed) else value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class SealedTextField(models.TextField):  # type: ignore[type-arg]
    """A text field that is plain on the instance and encrypted in its column. Empty texts stay
    empty.

    Queries can only filter by whether it is empty. Renaming the field or its model needs a data
    migration, because the ciphertext is bound to that name."""

    descriptor_class = _OpenedWhenRead

    @property
    def purpose(self) -> str:
        return f"{self.model._meta.label_lower}.{self.name}"

    def from_db_value(self, value: str | None, *args: object) -> Sealed | str | None:
        return Sealed(value, self.purpose) if value else value

    def to_python(self, value: Any) -> Any:
        """Accept encrypted texts too, as written by ``dumpdata``."""
        if isinstance(value, str) and _SEALED.fullmatch(value):
            return Sealed(value, self.purpose)
        return value if isinstance(value, Sealed) else super().to_python(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """Write a text that was not decrypted back unchanged."""
        return model_instance.__dict__.get(self.attname, "")

    def get_prep_value(self, value: Any) -> Any:
        return value.text if isinstance(value, Sealed) else super().get_prep_value(value)

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if isinstance(value, str) and value:
            value = Sealed(seal(value, self.purpose), self.purpose)
        return super().get_db_prep_save(value, connection)

    def value_to_string(self, obj: models.Model) -> str:
        value = obj.__dict__.get(self.attname, "")
        return str(self.get_db_prep_save(value, None) or "")

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name not in ("exact", "isnull"):
            raise FieldError(f"{self.purpose} is encrypted and cannot be searched.")
        return super().get_lookup(lookup_name)


@SealedTextField.register_lookup
class _EmptyOrTheSame(Exact):
    """Compare the stored column with the empty text or with a ``Sealed``."""

    def get_prep_lookup(self) -> Any:
        if isinstance(self.rhs, Sealed) or self.rhs == "":
            return super().get_prep_lookup()
        raise FieldError("An encrypted text can only be compared with an empty one.")
