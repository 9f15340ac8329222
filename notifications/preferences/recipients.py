"""Who is told: the members of accounts, with how each wants to hear of what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings

from core.text.timezones import UTC_NAME, is_zone
from locations.models import Member, Role
from notifications.kinds import FOLLOWS, HABITS, Audience, NoticeKind, When
from notifications.models import Wish
from notifications.models.preference import USUAL_HOUR


class Earlier(NamedTuple):
    """What held before the latest choice, and until when."""

    when: When
    until: datetime


@dataclass(frozen=True)
class Reader:
    """A member of an account as one who is told. ``language`` is one of LANGUAGES, ``time_zone``
    an IANA name that there is, ``hour`` (0 to 23) his of the daily summary; ``wishes`` holds only
    what he has chosen himself, ``earlier`` what held before."""

    member: int
    user: UUID
    email: str
    role: Role
    language: str = "en"
    time_zone: str = UTC_NAME
    hour: int = USUAL_HOUR
    wishes: Mapping[NoticeKind, When] = field(default_factory=dict)
    earlier: Mapping[NoticeKind, Earlier] = field(default_factory=dict)
    quiet_too: bool = True  # whether the summary tells what was too much to be mailed

    def must_get(self, kind: NoticeKind) -> bool:
        """Whether mails of ``kind`` cannot be off for him: somebody has to get them."""
        return HABITS[kind].owners_must and self.role is Role.OWNER

    def hears(self, kind: NoticeKind, named: UUID | None = None) -> bool:
        """Whether notices of ``kind`` are for such as him; ``named`` is the user whom the notice
        is for, if it is for one."""
        if named is not None and named != self.user:
            return False
        return HABITS[kind].audience is not Audience.OWNERS or self.role is Role.OWNER

    def wants(self, kind: NoticeKind, named: UUID | None = None) -> When:
        """When he gets a mail of ``kind``; ``named`` as for ``hears``. Off for whom it is not
        for."""
        if not self.hears(kind, named):
            return When.OFF
        usual = HABITS[kind].usual
        wish = self.wishes.get(FOLLOWS.get(kind, kind), usual)
        return usual if wish is When.OFF and self.must_get(kind) else wish

    def wants_in_summary(
        self, kind: NoticeKind, at: datetime, *, named: UUID | None = None, quiet: bool = False
    ) -> bool:
        """Whether his daily summary has a notice of ``kind`` that was told ``at`` that time:
        what he wanted there then, and what was too much to be mailed (``quiet``), unless he
        wants none of it now."""
        wish = self.wants(kind, named)
        if wish is When.OFF:
            return False
        if quiet:
            return self.quiet_too or self.must_get(kind)
        earlier = self.earlier.get(FOLLOWS.get(kind, kind))
        return (wish if earlier is None or at >= earlier.until else earlier.when) is When.DAILY


class _Wish(NamedTuple):
    """Columns of ``Wish``: rows are many where many are told."""

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


def readers_of(account_ids: Iterable[UUID]) -> Mapping[UUID, list[Reader]]:
    """The people of each account who can still sign in, the longest-standing first."""
    found: defaultdict[UUID, list[Reader]] = defaultdict(list)
    for account, reader in _readers(account_id__in=list(account_ids)):
        found[account].append(reader)
    return found


def readers_among(member_ids: Iterable[int]) -> Mapping[int, Reader]:
    """Those of these members who can still sign in, by member."""
    return {reader.member: reader for _, reader in _readers(pk__in=list(member_ids))}


def _readers(**which: Any) -> list[tuple[UUID, Reader]]:
    """Each with his account, by two queries."""
    rows = Member.objects.filter(user__is_active=True, **which).order_by("pk")
    people = [dict(zip(_COLUMNS, row, strict=True)) for row in rows.values_list(*_COLUMNS.values())]
    chosen: defaultdict[int, list[_Wish]] = defaultdict(list)
    wishes = Wish.objects.filter(**{f"member__{name}": value for name, value in which.items()})
    for member, *wish in wishes.values_list("member_id", *_Wish._fields):
        chosen[member].append(_Wish(*wish))
    return [(person["account"], _reader(person, chosen[person["member"]])) for person in people]


def _reader(person: Mapping[str, Any], wishes: Iterable[_Wish]) -> Reader:
    """With the usual for what he has not chosen, and for what is gone since he did."""
    language, zone, hour = person["language"], person["time_zone"], person["hour"]
    return Reader(
        member=person["member"],
        user=person["user"],
        email=person["email"],
        role=Role(person["role"]),
        language=language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE,
        time_zone=zone if zone is not None and is_zone(zone) else UTC_NAME,
        hour=USUAL_HOUR if hour is None else hour,
        wishes={NoticeKind(wish.kind): When(wish.when) for wish in wishes},
        earlier={NoticeKind(w.kind): Earlier(When(w.before), w.since) for w in wishes},
        quiet_too=person["quiet_too"] is not False,
    )
