"""``manage.py rotate_keys``: re-encrypt all secrets with the first key."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.security.encryption import SealedTextField
from core.security.key_rotation import RotatedBatch, reseal, sealed_fields
from locations.auth import mfa_secrets


class Command(BaseCommand):
    help = (
        "Add a new key at the start of FIELD_ENCRYPTION_KEYS, restart, run this command, and then "
        "remove the old key. It re-encrypts all secrets with the first key while the site runs; a "
        "second run changes nothing. The exit code is 1 if a text cannot be decrypted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only report what would change")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        broken = sum(self._rotate(field, dry_run) for field in sealed_fields())
        broken += self._report(mfa_secrets.PURPOSE, mfa_secrets.reseal(dry_run=dry_run), dry_run)
        if broken:
            rows = "1 text" if broken == 1 else f"{broken} texts"
            raise CommandError(
                f"{rows} cannot be decrypted and were not changed. Add the key that encrypted "
                "them to FIELD_ENCRYPTION_KEYS and run this again."
            )

    def _rotate(self, field: SealedTextField, dry_run: bool) -> int:
        """Return the number of texts in the column that cannot be decrypted."""
        total = RotatedBatch()
        for number, batch in enumerate(reseal(field, dry_run=dry_run)):
            total = total + batch
            if number:
                self.stdout.write(f"{field.purpose}: {total.checked} checked …")
        return self._report(field.purpose, total, dry_run)

    def _report(self, purpose: str, total: RotatedBatch, dry_run: bool) -> int:
        verb = "would be re-encrypted" if dry_run else "re-encrypted"
        trouble = f", {total.broken} cannot be decrypted" if total.broken else ""
        overtaken = f", {total.overtaken} changed in the meantime" if total.overtaken else ""
        self.stdout.write(f"{purpose}: {total.resealed} {verb}{trouble}{overtaken}")
        return total.broken
