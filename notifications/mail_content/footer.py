"""The small print: why this person gets this letter."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from locations.models import Role
from notifications.kinds import FOLLOWS, HABITS, Audience, NoticeKind
from notifications.preferences.recipients import Reader


def why_you(kind: NoticeKind, account: str, reader: Reader) -> Sequence[str]:
    """One or two sentences that say why ``reader`` gets a letter of ``kind``."""
    habits = HABITS[FOLLOWS.get(kind, kind)]
    if habits.audience is Audience.ONE:
        return [_("You get this mail because you asked for it.")]
    said = [as_member(account, reader)]
    if habits.owners_must and reader.role is Role.OWNER:
        said.append(_("Owners always get mails of this kind, so that somebody knows."))
    return said


def as_member(account: str, reader: Reader) -> str:
    """The sentence that says which role of ``reader`` in ``account`` brings him a letter."""
    says = {
        Role.OWNER: _("You get this mail as an owner of %(account)s."),
        Role.MEMBER: _("You get this mail as a member of %(account)s."),
        Role.VIEWER: _("You get this mail as a viewer of %(account)s."),
    }
    return says[reader.role] % {"account": account}
