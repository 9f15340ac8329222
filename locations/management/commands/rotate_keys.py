"""``manage.py rotate_keys``: seal with the first key what older keys sealed."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core.security.encryption import SealedTextField
from core.security.key_rotation import Batch, reseal, sealed_fields
from locations.auth import mfa_secrets


class Command(BaseCommand):
    help = (
        "Put a new key in front of FIELD_ENCRYPTION_KEYS, restart, run this, and then remove the "
        "old key. Everything sealed is sealed anew with the first key, while the site runs; a "
        "second run finds nothing to do. Exit code 1 when something cannot be opened."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what would be done")

    def handle(self, *, dry_run: bool, **options: Any) -> None:
        broken = sum(self._rotate(field, dry_run) for field in sealed_fields())
        broken += self._say(mfa_secrets.PURPOSE, mfa_secrets.reseal(dry_run=dry_run), dry_run)
        if broken:
            rows = "1 text" if broken == 1 else f"{broken} texts"
            raise CommandError(
                f"{rows} cannot be opened and stayed as they are. Add the key that sealed them "
                "to FIELD_ENCRYPTION_KEYS and run this again."
            )

    def _rotate(self, field: SealedTextField, dry_run: bool) -> int:
        """How many texts of the column cannot be opened."""
        total = Batch()
        for number, batch in enumerate(reseal(field, dry_run=dry_run)):
            total = total + batch
            if number:
                self.stdout.write(f"{field.purpose}: {total.looked_at} looked at …")
        return self._say(field.purpose, total, dry_run)

    def _say(self, purpose: str, total: Batch, dry_run: bool) -> int:
        verb = "would be sealed anew" if dry_run else "sealed anew"
        trouble = f", {total.broken} cannot be opened" if total.broken else ""
        overtaken = f", {total.overtaken} changed meanwhile" if total.overtaken else ""
        self.stdout.write(f"{purpose}: {total.resealed} {verb}{trouble}{overtaken}")
        return total.broken
