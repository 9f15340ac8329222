"""The kinds of notices: who receives each one, and who may turn it off. Data, no I/O."""

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
    PHONE_OFFLINE = "phone_offline", _("A phone has been offline for days")
    STOPPED = "stopped", _("A number was stopped or unlinked")
    PLAN = "plan", _("Trial, plan and payment")
    WEBHOOK_OFF = "webhook_off", _("A webhook was switched off")
    BOUNCED = "bounced", _("Mails to a member bounce")
    BUNDLE_READY = "bundle_ready", _("A support bundle is ready")
    EXPORT_READY = "export_ready", _("An export is ready")


class When(TextChoices):
    """When a member gets a mail of a kind."""

    AT_ONCE = "at_once", _("At once")
    DAILY = "daily", _("In a daily summary")
    OFF = "off", _("Not by mail")


class Audience(Enum):
    EVERYONE = "everyone"  # every member of the account
    OWNERS = "owners"
    ONE = "one"  # the user that the notice names


@dataclass(frozen=True)
class NoticeDefaults:
    """Who receives a kind of notice, and when unless a member chooses otherwise.

    With ``owners_must``, owners cannot turn its mails off, only get them in the daily summary.
    """

    audience: Audience
    when: When
    owners_must: bool = False


DEFAULTS: Mapping[NoticeKind, NoticeDefaults] = {
    NoticeKind.LINKED: NoticeDefaults(Audience.EVERYONE, When.AT_ONCE),
    NoticeKind.LOST: NoticeDefaults(Audience.EVERYONE, When.AT_ONCE, owners_must=True),
    NoticeKind.REMINDER: NoticeDefaults(Audience.EVERYONE, When.AT_ONCE, owners_must=True),
    NoticeKind.RECOVERED: NoticeDefaults(Audience.EVERYONE, When.AT_ONCE),
    NoticeKind.PHONE_OFFLINE: NoticeDefaults(Audience.EVERYONE, When.AT_ONCE, owners_must=True),
    NoticeKind.STOPPED: NoticeDefaults(Audience.EVERYONE, When.AT_ONCE),
    NoticeKind.PLAN: NoticeDefaults(Audience.OWNERS, When.AT_ONCE, owners_must=True),
    NoticeKind.WEBHOOK_OFF: NoticeDefaults(Audience.OWNERS, When.AT_ONCE, owners_must=True),
    NoticeKind.BOUNCED: NoticeDefaults(Audience.OWNERS, When.AT_ONCE, owners_must=True),
    NoticeKind.BUNDLE_READY: NoticeDefaults(Audience.ONE, When.AT_ONCE),
    NoticeKind.EXPORT_READY: NoticeDefaults(Audience.ONE, When.AT_ONCE),
}


def kinds_for(*, owner: bool) -> list[NoticeKind]:
    """Return the kinds that an owner, or any other member, may receive."""
    return [k for k, d in DEFAULTS.items() if owner or d.audience is not Audience.OWNERS]


FOLLOWS: Mapping[NoticeKind, NoticeKind] = {NoticeKind.REMINDER: NoticeKind.LOST}
"""Kinds without a preference of their own: they use the one of another kind."""

Facts = Mapping[str, Any]
"""The facts of a notice, as JSON; see ``models/notice.py`` for those of each kind."""

REMINDERS = (timedelta(days=1), timedelta(days=3), timedelta(days=7))
"""When the reminders follow the notice of a loss; after the last one there are no more."""
