"""The recipients of notices: the members of accounts, with their preferences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings

from core.text.timezones import UTC_NAME, current_name, is_zone
from locations.models import Member, Role
from notifications.kinds import DEFAULTS, FOLLOWS, Audience, NoticeKind, When
from notifications.models import Wish
from notifications.models.preference import USUAL_HOUR


class EarlierPreference(NamedTuple):
    """The preference before the latest choice, and until when it applied."""

    when: When
    until: datetime


@dataclass(frozen=True)
class Recipient:
    """A member of an account with their mail preferences.

    ``language`` is one of LANGUAGES, ``time_zone`` an existing IANA name, ``hour`` (0 to 23) that
    of the daily summary. ``preferences`` has only what the member has chosen, ``earlier`` what
    applied before.
    """

    member: int
    user: UUID
    email: str
    role: Role
    language: str = "en"
    time_zone: str = UTC_NAME
    hour: int = USUAL_HOUR
    preferences: Mapping[NoticeKind, When] = field(default_factory=dict)
    earlier: Mapping[NoticeKind, EarlierPreference] = field(default_factory=dict)
    quiet_too: bool = True  # whether the summary includes notices beyond the daily limit

    def must_get(self, kind: NoticeKind) -> bool:
        """Return whether this member cannot turn mails of ``kind`` off."""
        return DEFAULTS[kind].owners_must and self.role is Role.OWNER

    def may_receive(self, kind: NoticeKind, addressee: UUID | None = None) -> bool:
        """Return whether notices of ``kind`` are for this member.

        ``addressee`` is the only user whom the notice is for, if any.
        """
        if addressee is not None and addressee != self.user:
            return False
        return DEFAULTS[kind].audience is not Audience.OWNERS or self.role is Role.OWNER

    def wants(self, kind: NoticeKind, addressee: UUID | None = None) -> When:
        """Return when this member gets a mail of ``kind``; OFF if it is not for them.

        ``addressee`` is the only user whom the notice is for, if any.
        """
        if not self.may_receive(kind, addressee):
            return When.OFF
        default = DEFAULTS[kind].when
        preference = self.preferences.get(FOLLOWS.get(kind, kind), default)
        return default if preference is When.OFF and self.must_get(kind) else preference

    def wants_in_summary(
        self, kind: NoticeKind, at: datetime, *, addressee: UUID | None = None, quiet: bool = False
    ) -> bool:
        """Return whether the daily summary includes a notice of ``kind`` sent ``at`` that time.

        It does if the member wanted it daily at that time, or if the notice is ``quiet`` and the
        member includes those, unless mails of the kind are off now.
        """
        preference = self.wants(kind, addressee)
        if preference is When.OFF:
            return False
        if quiet:
            return self.quiet_too or self.must_get(kind)
        earlier = self.earlier.get(FOLLOWS.get(kind, kind))
        if earlier is not None and at < earlier.until:
            preference = earlier.when
        return preference is When.DAILY


class _Wish(NamedTuple):
    """Columns of ``Wish``, without model instances: there may be many rows."""

    kind: str
    when: str
    before: str
    since: datetime


_COLUMNS = {
    "member": "pk",
    "account": "account_id",
    "user": "user_id",
    "email": "user__email",
    "role": "role",
    "language": "user__mail_habits__language",
    "time_zone": "user__mail_habits__time_zone",
    "hour": "user__mail_habits__digest_hour",
    "quiet_too": "digest__quiet_too",
}


def recipients_of(account_ids: Iterable[UUID]) -> Mapping[UUID, list[Recipient]]:
    """Return the members of each account who may sign in, in the order in which they joined."""
    found: defaultdict[UUID, list[Recipient]] = defaultdict(list)
    for account, recipient in _recipients(account_id__in=list(account_ids)):
        found[account].append(recipient)
    return found


def recipients_among(member_ids: Iterable[int]) -> Mapping[int, Recipient]:
    """Return those of these members who may sign in, by the id of the member."""
    return {recipient.member: recipient for _, recipient in _recipients(pk__in=list(member_ids))}


def _recipients(**which: Any) -> list[tuple[UUID, Recipient]]:
    """Return the selected members with their accounts, with two queries."""
    rows = Member.objects.filter(user__is_active=True, **which).order_by("pk")
    values = rows.values_list(*_COLUMNS.values())
    members = [dict(zip(_COLUMNS, row, strict=True)) for row in values]
    chosen: defaultdict[int, list[_Wish]] = defaultdict(list)
    wishes = Wish.objects.filter(**{f"member__{name}": value for name, value in which.items()})
    for pk, *columns in wishes.values_list("member_id", *_Wish._fields):
        chosen[pk].append(_Wish(*columns))
    return [(member["account"], _recipient(member, chosen[member["member"]])) for member in members]


def _recipient(member: Mapping[str, Any], rows: Sequence[_Wish]) -> Recipient:
    """Build a recipient; a language or time zone that no longer exists gets the default."""
    language, zone, hour = member["language"], member["time_zone"], member["hour"]
    return Recipient(
        member=member["member"],
        user=member["user"],
        email=member["email"],
        role=Role(member["role"]),
        language=language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE,
        time_zone=current_name(zone) if zone is not None and is_zone(zone) else UTC_NAME,
        hour=USUAL_HOUR if hour is None else hour,
        preferences={NoticeKind(row.kind): When(row.when) for row in rows},
        earlier={
            NoticeKind(row.kind): EarlierPreference(When(row.before), row.since) for row in rows
        },
        quiet_too=member["quiet_too"] is not False,
    )
