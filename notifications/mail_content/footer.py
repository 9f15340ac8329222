"""The small print of a mail: why the recipient gets it."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils.translation import gettext as _

from locations.models import Role
from notifications.kinds import DEFAULTS, FOLLOWS, Audience, NoticeKind
from notifications.preferences.recipients import Recipient


def why_you(kind: NoticeKind, account: str, recipient: Recipient) -> Sequence[str]:
    """Return one or two sentences that explain why ``recipient`` gets a mail of ``kind``."""
    defaults = DEFAULTS[FOLLOWS.get(kind, kind)]
    if defaults.audience is Audience.ONE:
        return [_("You get this mail because you requested it.")]
    sentences = [as_member(account, recipient)]
    if defaults.owners_must and recipient.role is Role.OWNER:
        sentences.append(_("Owners always get mails of this kind."))
    return sentences


def as_member(account: str, recipient: Recipient) -> str:
    """Return the sentence with the role of ``recipient`` in ``account``."""
    by_role = {
        Role.OWNER: _("You get this mail as an owner of %(account)s."),
        Role.MEMBER: _("You get this mail as a member of %(account)s."),
        Role.VIEWER: _("You get this mail as a viewer of %(account)s."),
    }
    return by_role[recipient.role] % {"account": account}
