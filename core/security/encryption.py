"""Secrets at rest: AES-256-GCM with the keys of FIELD_ENCRYPTION_KEYS.

The first key seals, every key opens, and so does the one that is derived from
DJANGO_SECRET_KEY (what was sealed before there were keys stays readable). Each sealed text is
bound to its purpose, the column it stands in: copied to another column it does not open.
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
KEY_ID_AT, KEY_ID_LENGTH = len(_VERSION) + 2, 8  # where it stands in a sealed text, from 1
_SEALED = re.compile(rf"{_VERSION}\.([0-9a-f]{{{KEY_ID_LENGTH}}})\.([A-Za-z0-9_=-]+)", re.ASCII)


class SealBroken(Exception):
    """A sealed text cannot be opened: its key is gone, it was changed, or it is another's."""


def seal(text: str, purpose: str) -> str:
    """``text`` as ``v1.<key id>.<base64 of nonce and ciphertext>``, bound to ``purpose``."""
    key_id, cipher = next(iter(_ring().items()))
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + cipher.encrypt(nonce, text.encode(), _bound(key_id, purpose))
    return f"{_VERSION}.{key_id}.{base64.urlsafe_b64encode(sealed).decode()}"


def unseal(sealed: str, purpose: str) -> str:
    """The text that was sealed for ``purpose``. Raises SealBroken."""
    match = _SEALED.fullmatch(sealed)
    if match is None:
        raise SealBroken("What is stored is not a sealed text.")
    key_id, cipher = match[1], _ring().get(match[1])
    if cipher is None:
        raise SealBroken(f"The key {key_id} is not among FIELD_ENCRYPTION_KEYS.")
    try:
        content = base64.b64decode(match[2], altchars=b"-_", validate=True)
        nonce, ciphertext = content[:_NONCE_BYTES], content[_NONCE_BYTES:]
        return cipher.decrypt(nonce, ciphertext, _bound(key_id, purpose)).decode()
    except (InvalidTag, ValueError, binascii.Error):
        raise SealBroken("The sealed text was changed, or belongs to another column.") from None


def key_ids() -> list[str]:
    """The ids of the keys that open; the first one seals."""
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
    """A sealed text as it stands in a column. ``values()`` gives these, attributes of rows are
    opened: so a list of rows costs nothing, and one that no key opens does no harm to others."""

    text: str = field(repr=False)
    purpose: str

    def open(self) -> str:
        """The plain text. Raises SealBroken."""
        return unseal(self.text, self.purpose)


class _OpenedWhenRead(DeferredAttribute):
    field: SealedTextField

    def __get__(self, instance: models.Model | None, cls: Any = None) -> Any:
        """The plain text; raises SealBroken when no key opens it."""
        value = super().__get__(instance, cls)
        return value.open() if isinstance(value, Sealed) else value

    def __set__(self, instance: models.Model, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class SealedTextField(models.TextField):  # type: ignore[type-arg]
    """A text that is plain on the row and sealed in the column; empty stays empty.

    It cannot be searched for, only asked whether it is empty. Renaming the field or its model
    needs a data migration: the name is what the text is bound to."""

    descriptor_class = _OpenedWhenRead

    @property
    def purpose(self) -> str:
        return f"{self.model._meta.label_lower}.{self.name}"

    def from_db_value(self, value: str | None, *args: object) -> Sealed | str | None:
        return Sealed(value, self.purpose) if value else value

    def to_python(self, value: Any) -> Any:
        """``loaddata`` brings texts as ``dumpdata`` took them: sealed."""
        if isinstance(value, str) and _SEALED.fullmatch(value):
            return Sealed(value, self.purpose)
        return value if isinstance(value, Sealed) else super().to_python(value)

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """As it stands: what nobody opened is written back as it was."""
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
            raise FieldError(f"{self.purpose} is sealed: it cannot be searched for.")
        return super().get_lookup(lookup_name)


@SealedTextField.register_lookup
class _EmptyOrTheSame(Exact):
    """Compares columns as they are stored: with the empty text, or with a ``Sealed``."""

    def get_prep_lookup(self) -> Any:
        if isinstance(self.rhs, Sealed) or self.rhs == "":
            return super().get_prep_lookup()
        raise FieldError("A sealed text can be compared with an empty one only.")
