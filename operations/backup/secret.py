"""The secret that encrypts a backup: a passphrase or a key file, and the command-line options for
them."""

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

from operations.backup.errors import BackupRefused

MIN_PASSPHRASE_CHARACTERS = 12
KEY_BYTES = 32
CHECK_BYTES = 16
_PREFIX = "pairline-backup-key-1:"
_MAX_FILE_BYTES = 4096  # such a file holds one line
# OWASP's recommendation for scrypt with little memory: 32 MB, parallelism 3.
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**15, 8, 3

SecretKind = Literal[b"p", b"k"]


@dataclass(frozen=True)
class Secret:
    """A passphrase (kind ``p``) or the bytes of a key file (kind ``k``)."""

    kind: SecretKind
    content: bytes = field(repr=False)

    def derive_keys(self, salt: bytes, purpose: bytes) -> tuple[bytes, bytes]:
        """Return the encryption key of one file, and a check value that reveals a wrong secret
        before anything is decrypted."""
        material = self.content
        if self.kind == b"p":
            kdf = Scrypt(salt, length=KEY_BYTES, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P)
            material = kdf.derive(self.content)
        hkdf = HKDF(SHA256(), length=KEY_BYTES + CHECK_BYTES, salt=salt, info=purpose)
        derived = hkdf.derive(material)
        return derived[:KEY_BYTES], derived[KEY_BYTES:]


def passphrase_secret(text: str) -> Secret:
    """Return the passphrase ``text`` as a secret. Raises BackupRefused when it is too short."""
    if len(text) < MIN_PASSPHRASE_CHARACTERS:
        raise BackupRefused(
            f"The passphrase needs at least {MIN_PASSPHRASE_CHARACTERS} characters."
        )
    return Secret(b"p", text.encode("utf-8", "surrogatepass"))


def passphrase_file_secret(path: Path) -> Secret:
    """Return the first line of the file at ``path`` as a secret. Raises BackupRefused."""
    lines = _read(path, "passphrase").splitlines()
    return passphrase_secret(lines[0] if lines else "")


def key_file_secret(path: Path) -> Secret:
    """Return the key that ``write_key_file`` wrote to ``path``. Raises BackupRefused."""
    text = _read(path, "key").strip()
    try:
        key = base64.urlsafe_b64decode(text.removeprefix(_PREFIX).encode("ascii"))
    except (UnicodeEncodeError, binascii.Error, ValueError):
        key = b""
    if not text.startswith(_PREFIX) or len(key) != KEY_BYTES:
        raise BackupRefused(
            f"{path} is not a key file. Make one: manage.py backup --new-key-file FILE"
        )
    return Secret(b"k", key)


def write_key_file(path: Path) -> None:
    """Write a new key to ``path``, readable by its owner only. Raises BackupRefused, also when the
    file exists: replacing a key would make every backup made with it useless."""
    text = _PREFIX + base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode() + "\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BackupRefused(f"{path} exists and is not overwritten.") from None
    except OSError as error:
        raise BackupRefused(f"{path} cannot be written: {error.strerror}.") from None
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_FILE_BYTES).decode("utf-8", "surrogateescape")
    except OSError as error:
        raise BackupRefused(f"The {what} file {path} cannot be read: {error.strerror}.") from None


def add_secret_options(parser: ArgumentParser) -> None:
    """Add the two options that name a secret. No option takes the passphrase itself: command lines
    are visible in the list of processes."""
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--passphrase-file",
        type=Path,
        metavar="F",
        help="file with the passphrase in its first line",
    )
    either.add_argument(
        "--key-file", type=Path, metavar="F", help="key file made by backup --new-key-file"
    )


def secret_from_options(options: Mapping[str, Any]) -> Secret:
    """Return the secret that the options name, or the key in BACKUP_KEY_FILE. Raises BackupRefused
    if there is neither: backups are never written unencrypted."""
    if options["passphrase_file"]:
        return passphrase_file_secret(options["passphrase_file"])
    key_file = options["key_file"] or settings.BACKUP_KEY_FILE
    if not key_file:
        raise BackupRefused(
            "A backup is always encrypted: use --key-file F (make one with manage.py backup "
            "--new-key-file F) or --passphrase-file F."
        )
    return key_file_secret(Path(key_file))
