"""What people are told of: each kind with who hears it and who may turn it off. Data, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class NoticeKind(TextChoices):
    LINKED = "linked", _("A number was linked")
    LOST = "lost", _("A number lost its connection")
    REMINDER = "reminder", _("A number is still not connected")
    RECOVERED = "recovered", _("A number is connected again")
    PHONE_OFFLINE = "phone_offline", _("A phone has not been online for long")
    STOPPED = "stopped", _("A number was stopped or unlinked")
    PLAN = "plan", _("Trial, plan and payment")
    WEBHOOK_OFF = "webhook_off", _("A webhook was switched off")
    BOUNCED = "bounced", _("Mails to somebody do not arrive")
    BUNDLE_READY = "bundle_ready", _("A support bundle is ready")


class When(TextChoices):
    """When a member gets a mail of a kind."""

    AT_ONCE = "at_once", _("At once")
    DAILY = "daily", _("In a daily summary")
    OFF = "off", _("Not by mail")


class Audience(Enum):
    EVERYONE = "everyone"  # every member of the account
    OWNERS = "owners"
    ONE = "one"  # the person that the notice names


@dataclass(frozen=True)
class Habits:
    """``usual`` until a member says otherwise. Owners must get what is ``owners_must``, at once
    or in the summary: somebody has to."""

    audience: Audience
    usual: When
    owners_must: bool = False


HABITS: Mapping[NoticeKind, Habits] = {
    NoticeKind.LINKED: Habits(Audience.EVERYONE, When.AT_ONCE),
    NoticeKind.LOST: Habits(Audience.EVERYONE, When.AT_ONCE, owners_must=True),
    NoticeKind.REMINDER: Habits(Audience.EVERYONE, When.AT_ONCE, owners_must=True),
    NoticeKind.RECOVERED: Habits(Audience.EVERYONE, When.AT_ONCE),
    NoticeKind.PHONE_OFFLINE: Habits(Audience.EVERYONE, When.AT_ONCE, owners_must=True),
    NoticeKind.STOPPED: Habits(Audience.EVERYONE, When.AT_ONCE),
    NoticeKind.PLAN: Habits(Audience.OWNERS, When.AT_ONCE, owners_must=True),
    NoticeKind.WEBHOOK_OFF: Habits(Audience.OWNERS, When.AT_ONCE, owners_must=True),
    NoticeKind.BOUNCED: Habits(Audience.OWNERS, When.AT_ONCE, owners_must=True),
    NoticeKind.BUNDLE_READY: Habits(Audience.ONE, When.AT_ONCE),
}


def kinds_for(*, owner: bool) -> list[NoticeKind]:
    """The kinds that an owner, or another member, may hear of."""
    return [k for k, h in HABITS.items() if owner or h.audience is not Audience.OWNERS]


FOLLOWS: Mapping[NoticeKind, NoticeKind] = {NoticeKind.REMINDER: NoticeKind.LOST}
"""Kinds without a choice of their own: what is said of the other one counts."""

Facts = Mapping[str, Any]
"""What a notice is about, as JSON; see ``notices.py`` for what each kind holds."""


REMINDERS = (timedelta(days=1), timedelta(days=3), timedelta(days=7))
