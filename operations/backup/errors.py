"""What can go wrong with a backup. ``str()`` is a sentence for the operator with what to do.

BackupError
├── WrongKey      the passphrase or the key file is not the one that it was made with
├── Damaged       it is cut off, changed, or no backup at all
└── Refused       it is sound, but this must not be done with it here
"""

from __future__ import annotations


class BackupError(Exception):
    """A backup or a restore that did not happen."""


class WrongKey(BackupError):
    """The secret does not open the backup."""


class Damaged(BackupError):
    """The file is not what was written."""


class Refused(BackupError):
    """Doing it would lose something, or leave something half done."""
