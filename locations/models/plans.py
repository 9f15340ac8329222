"""Plans: the limits of accounts, and the states of an account."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

TRIAL_LENGTH = timedelta(days=14)


class AccountState(models.TextChoices):
    """What the operator set. ``locations.plans.account_state`` derives today's state from it."""

    TRIAL = "trial", _("Trial")
    ACTIVE = "active", _("Active")
    PAST_DUE = "past_due", _("Past due")
    SUSPENDED = "suspended", _("Suspended")


def trial_end() -> datetime:
    """Return when a trial that starts now ends."""
    return timezone.now() + TRIAL_LENGTH


class Plan(models.Model):
    """Limits that accounts share. An empty limit is no limit."""

    name = models.CharField(max_length=60, unique=True)
    max_locations = models.PositiveIntegerField("locations", null=True, blank=True)
    max_sessions = models.PositiveIntegerField("numbers", null=True, blank=True)
    max_members = models.PositiveIntegerField("members", null=True, blank=True)
    max_api_calls_a_minute = models.PositiveIntegerField(
        "API calls a minute", null=True, blank=True
    )
    is_default = models.BooleanField(
        "default", default=False, help_text="The plan of accounts that have none of their own."
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_default"], condition=models.Q(is_default=True), name="plan_default_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def validate_constraints(self, exclude: Any = None) -> None:
        """As in Django, but ignore another default plan: ``save`` resets it."""
        super().validate_constraints(exclude={*(exclude or ()), "is_default"})

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Reset the previous default plan when this one becomes the default."""
        with transaction.atomic():
            if self.is_default:
                Plan.objects.exclude(pk=self.pk).update(is_default=False)
            super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Raises ProtectedError for the default plan, which accounts without a plan use."""
        if self.is_default:
            raise models.ProtectedError(str(_("The default plan is needed.")), {self})
        return super().delete(*args, **kwargs)
