"""Mail preferences: of a user, and of each of their memberships.

Users who have never chosen anything have no rows: ``kinds.DEFAULTS``, UTC and 8:00 apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.text.timezones import NAME_CHARACTERS, UTC_NAME, is_zone
from locations.models import Member, TenantQuerySet, User
from notifications.kinds import DEFAULTS, NoticeKind, When

USUAL_HOUR = 8


def check_zone(name: str) -> None:
    """Raise ValidationError if ``name`` is not a current time zone."""
    if not is_zone(name):
        raise ValidationError(_("Choose a time zone from the list."), code="invalid")


class MailHabits(models.Model):
    """The language, time zone and summary hour of a user, in all of their accounts."""

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="mail_habits"
    )
    language = models.CharField(max_length=16, default=settings.LANGUAGE_CODE)
    time_zone = models.CharField(
        max_length=NAME_CHARACTERS, default=UTC_NAME, validators=[check_zone]
    )
    digest_hour = models.PositiveSmallIntegerField(default=USUAL_HOUR)  # local, 0 to 23

    class Meta:
        verbose_name_plural = "mail habits"
        constraints = [
            models.CheckConstraint(condition=Q(digest_hour__lte=23), name="mail_habits_hour")
        ]

    def __str__(self) -> str:
        return f"mail habits of {self.user_id}"


class MemberRowQuerySet(TenantQuerySet):
    account_path: ClassVar[str] = "member__account"


class WishQuerySet(MemberRowQuerySet):
    def choose(
        self, member: Member, chosen: Mapping[NoticeKind, When], now: datetime
    ) -> list[NoticeKind]:
        """Save what ``member`` wants from ``now`` on, and return the kinds that changed."""
        known: dict[str, Any] = {row.kind: row for row in self.filter(member=member)}
        changed = []
        for kind, when in chosen.items():
            row = known.get(kind)
            before = DEFAULTS[kind].when if row is None else When(row.when)
            if before is not when:
                changed.append(Wish(member=member, kind=kind, when=when, before=before, since=now))
        self.bulk_create(
            changed,
            update_conflicts=True,
            unique_fields=["member", "kind"],
            update_fields=["when", "before", "since"],
        )
        return [NoticeKind(row.kind) for row in changed]


class Wish(models.Model):
    """When a member wants mails of a kind, and what applied ``before`` that choice.

    With the earlier choice, notices that waited for the next summary are neither lost nor sent
    twice.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="wishes")
    kind = models.CharField(max_length=16, choices=NoticeKind)
    when = models.CharField(max_length=8, choices=When)
    before = models.CharField(max_length=8, choices=When)
    since = models.DateTimeField(default=timezone.now)

    objects = WishQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "wishes"
        constraints = [
            models.UniqueConstraint(fields=["member", "kind"], name="wish_once_a_kind"),
            models.CheckConstraint(condition=Q(when__in=When.values), name="wish_when"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.when} of member {self.member_id}"


class DigestQuerySet(MemberRowQuerySet):
    def due(self, now: datetime) -> Self:
        return self.filter(next_at__lte=now)


class Digest(models.Model):
    """The daily summary of a member: what the last one covered, and when the next one is due.

    ``notices/digest.py`` creates it soon after the member joins.
    """

    member = models.OneToOneField(
        Member, on_delete=models.CASCADE, primary_key=True, related_name="digest"
    )
    # Notices up to this time were sent, or were not for this member.
    told_until = models.DateTimeField()
    # The local day of the last one: at most one a day, whatever zone or hour the user chooses.
    told_on = models.DateField(null=True)
    day = models.DateField()  # the local day of the next one
    next_at = models.DateTimeField()
    # Whether it includes notices that were not mailed because of the daily limit.
    quiet_too = models.BooleanField(default=True)

    objects = DigestQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["next_at"], name="digest_due")]

    def __str__(self) -> str:
        return f"digest of member {self.member_id}"
