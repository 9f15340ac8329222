"""What opens a backup: a passphrase that somebody knows, or a key file that somebody keeps."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from config.backup.errors import Refused

PASSPHRASE_CHARACTERS = 12
KEY_BYTES = 32
CHECK_BYTES = 16
_PREFIX = "pairline-backup-key-1:"
_MOST_BYTES = 4096  # of a file that holds one line
# OWASP's advice for scrypt, in its form for little memory: 32 MB, three times over.
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**15, 8, 3

Kind = Literal[b"p", b"k"]


@dataclass(frozen=True)
class Secret:
    """A passphrase (kind ``p``) or the bytes of a key file (kind ``k``)."""

    kind: Kind
    content: bytes = field(repr=False)

    def keys(self, salt: bytes, purpose: bytes) -> tuple[bytes, bytes]:
        """The key of one file, and what tells beforehand whether this is the right secret."""
        material = self.content
        if self.kind == b"p":
            kdf = Scrypt(salt, length=KEY_BYTES, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P)
            material = kdf.derive(self.content)
        hkdf = HKDF(SHA256(), length=KEY_BYTES + CHECK_BYTES, salt=salt, info=purpose)
        derived = hkdf.derive(material)
        return derived[:KEY_BYTES], derived[KEY_BYTES:]


def of_passphrase(text: str) -> Secret:
    """Raises Refused when it is shorter than ``PASSPHRASE_CHARACTERS``."""
    if len(text) < PASSPHRASE_CHARACTERS:
        raise Refused(f"The passphrase needs at least {PASSPHRASE_CHARACTERS} characters.")
    return Secret(b"p", text.encode("utf-8", "surrogatepass"))


def of_passphrase_file(path: Path) -> Secret:
    """The first line of the file at ``path``. Raises Refused."""
    lines = _read(path, "passphrase").splitlines()
    return of_passphrase(lines[0] if lines else "")


def of_key_file(path: Path) -> Secret:
    """The key that ``new_key_file`` wrote to ``path``. Raises Refused."""
    text = _read(path, "key").strip()
    try:
        key = base64.urlsafe_b64decode(text.removeprefix(_PREFIX).encode("ascii"))
    except (UnicodeEncodeError, binascii.Error, ValueError):
        key = b""
    if not text.startswith(_PREFIX) or len(key) != KEY_BYTES:
        raise Refused(f"{path} is not a key file. Make one: manage.py backup --new-key-file FILE")
    return Secret(b"k", key)


def new_key_file(path: Path) -> None:
    """Write a new key to ``path``, for its owner alone. Raises Refused, also when there is a
    file already: backups that were made with it would be lost."""
    text = _PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Refused(f"{path} is there already and is not overwritten.") from None
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}.") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MOST_BYTES).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise Refused(f"The {what} file {path} cannot be read: {error.strerror}.") from None
