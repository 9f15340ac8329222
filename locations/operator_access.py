"""What an operator may do while viewing an account as its owner. Pure.

Everything that changes something is refused unless it is listed here, so that a view cannot leave
behind a right that lasts (a key, a link, a member) or a way for data out (a webhook, a proxy, an
export, a text). A new page is refused by default.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# The end of the view, and help that the customer sees and can change back.
ALLOWED = frozenset(
    {
        "viewing_stop", "account_logout", "session_restart", "session_stop", "numbers_restart",
        "location_new", "location_change", "link_revoke",
    }
)  # fmt: skip
# Pages about a user and not about the account would show the operator's own data.
_OWN = ("mfa_", "usersessions_", "account_email", "account_change_", "account_set_")
_OWN_NAMES = frozenset(
    {
        "account_new", "account_switch", "account_leave", "account_delete", "account_export",
        "account_reauthenticate", "audit_download", "export", "export_file", "export_live",
        "invitation", "invitation_other", "mail_preferences",
    }
)  # fmt: skip
# Downloads of customers' data.
_DOWNLOADS = frozenset({"audit_download", "bundle_file"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
CLOSED = _("You are viewing this account as its owner. Stop viewing first: this page is about you.")
REFUSED = _(
    "You are viewing this account as its owner, so nothing was changed. Only the owner can do "
    "this: ask them to, or use the admin."
)


def why_not(view_name: str, method: str) -> Promise | None:
    """Return why a viewing operator may not send a request with ``method`` to the URL called
    ``view_name``; None if they may."""
    if view_name in _OWN_NAMES or view_name.startswith(_OWN):
        return CLOSED
    if view_name in _DOWNLOADS:
        return REFUSED
    return None if method in _SAFE or view_name in ALLOWED else REFUSED
