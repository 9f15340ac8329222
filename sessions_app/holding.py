"""Which locations may not be deleted yet."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.dispatch import receiver

from locations.signals import location_hold_asked
from sessions_app.lifecycle import Reason, Wanted
from sessions_app.models import Session


@receiver(location_hold_asked)
def holds(sender: object, location_id: UUID, **kwargs: object) -> bool:
    """Whether a session is there that is not unlinked: WhatsApp would go on holding our device,
    and nobody would be left to remove it."""
    gone = Q(wanted=Wanted.UNLINKED, reason=Reason.UNLINKED, jid="")
    return bool(Session.objects.of_location(location_id).exclude(gone).exists())
