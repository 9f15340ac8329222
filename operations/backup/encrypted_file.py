"""A file in chunks of AES-256-GCM (the STREAM construction), written in one go and read anywhere.

::

    magic 15 · kind of secret 1 · salt 32 · check 16 · chunk · chunk · … · last chunk

A chunk is up to 64 KiB and its tag of 16 bytes; all but the last are full. The nonce of a chunk
is its number and whether it is the last one, so that a chunk in another place, a missing end and
anything that was added are found. Each file has a key of its own, by its salt: no nonce is ever
used twice.
"""

from __future__ import annotations

import io
import os
from functools import cached_property
from hmac import compare_digest
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from operations.backup.errors import Damaged, WrongKey
from operations.backup.secret import CHECK_BYTES, Secret

MAGIC = b"pairline backup"
_SALT_BYTES = 32
HEADER_BYTES = len(MAGIC) + 1 + _SALT_BYTES + CHECK_BYTES
CHUNK_BYTES = 64 * 1024
TAG_BYTES = 16
_SEALED_BYTES = CHUNK_BYTES + TAG_BYTES

_NO_BACKUP = "This file is not a Pairline backup."
_WRONG = {
    b"p": "The passphrase does not open this backup, or its first bytes were changed.",
    b"k": "The key file does not open this backup, or its first bytes were changed.",
}
_OTHER_KIND = {
    b"p": "This backup was made with a passphrase: give it with --passphrase-file.",
    b"k": "This backup was made with a key file: give it with --key-file.",
}


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class SealedWriter(io.RawIOBase):
    """Seals what is written into ``file``. Nothing opens it until ``finish`` was called."""

    def __init__(self, file: BinaryIO, secret: Secret) -> None:
        super().__init__()
        salt = os.urandom(_SALT_BYTES)
        key, check = secret.keys(salt, MAGIC + secret.kind)
        self._file, self._cipher = file, AESGCM(key)
        self._waiting, self._number = bytearray(), 0
        file.write(MAGIC + secret.kind + salt + check)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._waiting += data
        while len(self._waiting) > CHUNK_BYTES:  # the last one, which may be full, is kept back
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), last=False)
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def finish(self) -> None:
        """Write the last chunk."""
        self._seal(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _seal(self, chunk: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), chunk, None))
        self._number += 1


class SealedReader(io.RawIOBase):
    """Opens what ``SealedWriter`` wrote, from any place. Raises WrongKey or Damaged, here and at
    each read."""

    def __init__(self, file: BinaryIO, secret: Secret) -> None:
        super().__init__()
        self._file = file
        self._cipher = AESGCM(_key_of(file.read(HEADER_BYTES), secret))
        self._at, self._number, self._chunk = 0, -1, b""
        self._size = self._chunks_before_last * CHUNK_BYTES + len(
            self._open(self._chunks_before_last)
        )

    @cached_property
    def _chunks_before_last(self) -> int:
        body = self._file.seek(0, io.SEEK_END) - HEADER_BYTES
        if body < TAG_BYTES:
            raise Damaged("This backup is cut off.")
        return (body - 1) // _SEALED_BYTES

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size:
            return 0
        number, start = divmod(self._at, CHUNK_BYTES)
        piece = self._open(number)[start : start + len(buffer)]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def _open(self, number: int) -> bytes:
        if number != self._number:
            self._file.seek(HEADER_BYTES + number * _SEALED_BYTES)
            sealed = self._file.read(_SEALED_BYTES)
            nonce = _nonce(number, last=number == self._chunks_before_last)
            try:
                self._chunk = self._cipher.decrypt(nonce, sealed, None)
            except (InvalidTag, ValueError):
                raise Damaged("This backup is damaged: it was changed or cut off.") from None
            self._number = number
        return self._chunk


def _key_of(header: bytes, secret: Secret) -> bytes:
    if not header.startswith(MAGIC):
        raise Damaged(_NO_BACKUP)
    if len(header) < HEADER_BYTES:
        raise Damaged("This backup is cut off.")
    kind, salt = header[len(MAGIC) : len(MAGIC) + 1], header[len(MAGIC) + 1 : -CHECK_BYTES]
    if kind not in _OTHER_KIND:
        raise Damaged(_NO_BACKUP)
    if kind != secret.kind:
        raise WrongKey(_OTHER_KIND[kind])
    key, check = secret.keys(salt, MAGIC + kind)
    if not compare_digest(check, header[-CHECK_BYTES:]):
        raise WrongKey(_WRONG[kind])
    return key
