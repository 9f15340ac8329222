"""What opens a backup: a passphrase that somebody knows, or a key file that somebody keeps."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
from argparse import ArgumentParser
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from django.conf import settings

from operations.backup.errors import Refused

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


def add_secret(parser: ArgumentParser) -> None:
    """The two options that name a secret. There is none for the passphrase itself: whoever lists
    the processes of a machine would read it."""
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--passphrase-file", type=Path, metavar="F", help="a file whose first line it is"
    )
    either.add_argument(
        "--key-file", type=Path, metavar="F", help="as backup --new-key-file made it"
    )


def secret_from(options: Mapping[str, Any]) -> Secret:
    """The secret that the options name, else the one of BACKUP_KEY_FILE. Raises Refused: a backup
    is never written in clear."""
    if options["passphrase_file"]:
        return of_passphrase_file(options["passphrase_file"])
    key_file = options["key_file"] or settings.BACKUP_KEY_FILE
    if not key_file:
        raise Refused(
            "A backup is always encrypted: give --key-file F (make one with manage.py backup "
            "--new-key-file F), or --passphrase-file F."
        )
    return of_key_file(Path(key_file))
