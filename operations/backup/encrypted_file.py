"""A file encrypted in chunks with AES-256-GCM (the STREAM construction): written sequentially, read
at any position.

::

    magic (15 bytes) · kind of secret (1) · salt (32) · check value (16) · chunk · … · last chunk

A chunk holds up to 64 KiB of data and a tag of 16 bytes; all chunks but the last are full. The
nonce of a chunk is its number and whether it is the last one, which detects chunks that were
moved, removed or added. The salt gives every file a key of its own, so no nonce is used twice.
"""

from __future__ import annotations

import io
import os
from functools import cached_property
from hmac import compare_digest
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from operations.backup.errors import BackupDamaged, WrongKey
from operations.backup.secret import CHECK_BYTES, Secret

MAGIC = b"pairline backup"
_SALT_BYTES = 32
HEADER_BYTES = len(MAGIC) + 1 + _SALT_BYTES + CHECK_BYTES
CHUNK_BYTES = 64 * 1024
TAG_BYTES = 16
_ENCRYPTED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES

_NOT_A_BACKUP = "This file is not a Pairline backup."
_WRONG_SECRET = {
    b"p": "The passphrase does not open this backup, or its header is damaged.",
    b"k": "The key file does not open this backup, or its header is damaged.",
}
_OTHER_KIND = {
    b"p": "This backup was made with a passphrase: use --passphrase-file.",
    b"k": "This backup was made with a key file: use --key-file.",
}


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class EncryptedWriter(io.RawIOBase):
    """Encrypts what is written to it into ``file``. The file can be read once ``finish`` ran."""

    def __init__(self, file: BinaryIO, secret: Secret) -> None:
        super().__init__()
        salt = os.urandom(_SALT_BYTES)
        key, check = secret.derive_keys(salt, MAGIC + secret.kind)
        self._file, self._cipher = file, AESGCM(key)
        self._buffer, self._number = bytearray(), 0
        file.write(MAGIC + secret.kind + salt + check)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._buffer += data
        while len(self._buffer) > CHUNK_BYTES:  # a full buffer may turn out to be the last chunk
            self._write_chunk(bytes(self._buffer[:CHUNK_BYTES]), last=False)
            del self._buffer[:CHUNK_BYTES]
        return len(data)

    def finish(self) -> None:
        """Write the last chunk."""
        self._write_chunk(bytes(self._buffer), last=True)
        self._buffer.clear()

    def _write_chunk(self, chunk: bytes, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), chunk, None))
        self._number += 1


class EncryptedReader(io.RawIOBase):
    """Decrypts what ``EncryptedWriter`` wrote, at any position. The constructor and every read
    raise WrongKey or BackupDamaged."""

    def __init__(self, file: BinaryIO, secret: Secret) -> None:
        super().__init__()
        self._file = file
        self._cipher = AESGCM(_derive_key(file.read(HEADER_BYTES), secret))
        self._at, self._number, self._chunk = 0, -1, b""
        self._size = self._chunks_before_last * CHUNK_BYTES + len(
            self._read_chunk(self._chunks_before_last)
        )

    @cached_property
    def _chunks_before_last(self) -> int:
        body = self._file.seek(0, io.SEEK_END) - HEADER_BYTES
        if body < TAG_BYTES:
            raise BackupDamaged("This backup is cut off.")
        return (body - 1) // _ENCRYPTED_CHUNK_BYTES

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def report(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, start + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        if self._at >= self._size:
            return 0
        number, start = divmod(self._at, CHUNK_BYTES)
        block = self._read_chunk(number)[start : start + len(buffer)]
        buffer[: len(block)] = block
        self._at += len(block)
        return len(block)

    def _read_chunk(self, number: int) -> bytes:
        if number != self._number:
            self._file.seek(HEADER_BYTES + number * _ENCRYPTED_CHUNK_BYTES)
            encrypted = self._file.read(_ENCRYPTED_CHUNK_BYTES)
            nonce = _nonce(number, last=number == self._chunks_before_last)
            try:
                self._chunk = self._cipher.decrypt(nonce, encrypted, None)
            except (InvalidTag, ValueError):
                raise BackupDamaged("This backup is damaged: it was changed or cut off.") from None
            self._number = number
        return self._chunk


def _derive_key(header: bytes, secret: Secret) -> bytes:
    if not header.startswith(MAGIC):
        raise BackupDamaged(_NOT_A_BACKUP)
    if len(header) < HEADER_BYTES:
        raise BackupDamaged("This backup is cut off.")
    kind, salt = header[len(MAGIC) : len(MAGIC) + 1], header[len(MAGIC) + 1 : -CHECK_BYTES]
    if kind not in _OTHER_KIND:
        raise BackupDamaged(_NOT_A_BACKUP)
    if kind != secret.kind:
        raise WrongKey(_OTHER_KIND[kind])
    key, check = secret.derive_keys(salt, MAGIC + kind)
    if not compare_digest(check, header[-CHECK_BYTES:]):
        raise WrongKey(_WRONG_SECRET[kind])
    return key
