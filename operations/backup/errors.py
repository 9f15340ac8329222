"""Errors of backups and restores. ``str()`` is a sentence for the operator with what to do.

BackupError
├── WrongKey          it was encrypted with another passphrase or key file
├── BackupDamaged     it is cut off, changed, or not a backup
└── BackupRefused     it is intact, but must not be used this way here
"""

from __future__ import annotations


class BackupError(Exception):
    """A backup or a restore failed."""


class WrongKey(BackupError):
    """The secret does not decrypt the backup."""


class BackupDamaged(BackupError):
    """The file is not what was written."""


class BackupRefused(BackupError):
    """The operation would lose data or leave it incomplete."""
