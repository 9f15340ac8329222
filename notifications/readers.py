"""Who is told: the members of accounts, with how each wants to hear of what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from locations.models import Member, Role
from notifications.kinds import FOLLOWS, HABITS, Audience, NoticeKind, When


@dataclass(frozen=True)
class Reader:
    """A member of an account as one who is told. ``language`` as in Django's LANGUAGES,
    ``time_zone`` an IANA name; ``wishes`` holds only what he has chosen himself."""

    member: int
    user: UUID
    email: str
    role: Role
    language: str = "en"
    time_zone: str = "UTC"
    wishes: Mapping[NoticeKind, When] = field(default_factory=dict)

    def wants(self, kind: NoticeKind, named: UUID | None = None) -> When:
        """When he gets a mail of ``kind``; ``named`` is the user whom the notice is for, if it
        is for one. Off for whom it is not for."""
        habits = HABITS[kind]
        if named is not None and named != self.user:
            return When.OFF
        if habits.audience is Audience.OWNERS and self.role is not Role.OWNER:
            return When.OFF
        wish = self.wishes.get(FOLLOWS.get(kind, kind), habits.usual)
        must = habits.owners_must and self.role is Role.OWNER
        return habits.usual if must and wish is When.OFF else wish


def readers_of(account_ids: Iterable[UUID]) -> Mapping[UUID, list[Reader]]:
    """The people of each account who can still sign in, the longest-standing first."""
    members = Member.objects.filter(account_id__in=list(account_ids), user__is_active=True)
    found: defaultdict[UUID, list[Reader]] = defaultdict(list)
    columns = members.order_by("pk").values_list(
        "pk", "account_id", "user_id", "user__email", "role"
    )
    for pk, account, user, email, role in columns:
        found[account].append(Reader(pk, user, email, Role(role)))
    return found
