"""Encryption of the second factor: seeds of authenticator apps and recovery codes, which are
encrypted within the rows of allauth."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.db import transaction

from core.security.encryption import SealBroken, key_ids, seal, unseal
from core.security.key_rotation import RotatedBatch

PURPOSE = "mfa.authenticator.data"
_SECRETS = ("secret", "seed")


def sealed(text: str) -> str:
    return seal(text, PURPOSE)


def opened(text: str) -> str:
    """Decrypt ``text``. Raises SealBroken."""
    return unseal(text, PURPOSE)


def reseal(*, dry_run: bool = False) -> RotatedBatch:
    """Re-encrypt with the first key what another key has encrypted. ``dry_run``: only decrypt."""
    total = RotatedBatch()
    for pk in Authenticator.objects.values_list("pk", flat=True):
        with transaction.atomic():
            total = total + _reseal_row(pk, dry_run)
    return total


def _reseal_row(pk: int, dry_run: bool) -> RotatedBatch:
    row = Authenticator.objects.select_for_update().filter(pk=pk).first()
    old = {name: row.data[name] for name in _SECRETS if name in row.data} if row else {}
    if row is None or all(text.split(".")[1:2] == [key_ids()[0]] for text in old.values()):
        return RotatedBatch()
    try:
        row.data.update({name: sealed(opened(text)) for name, text in old.items()})
    except SealBroken:
        return RotatedBatch(broken=1)
    if not dry_run:
        row.save(update_fields=["data"])
    return RotatedBatch(resealed=1)
