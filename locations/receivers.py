"""Announce changes of memberships, wherever they come from."""

from __future__ import annotations

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from locations.models import Member
from locations.signals import members_changed


@receiver([post_save, post_delete], sender=Member)
def announce(sender: type[Member], instance: Member, **kwargs: object) -> None:
    account_id, user_id = instance.account_id, instance.user_id
    transaction.on_commit(
        lambda: members_changed.send_robust(sender, account_id=account_id, user_id=user_id),
        robust=True,
    )
