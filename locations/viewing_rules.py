"""What stays closed to an operator while he views an account as its owner."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import gettext_lazy as _

from locations.viewing import in_session

# About a person, not about the account: the page would be the operator's own.
_OWN = ("mfa_", "usersessions_", "account_email", "account_change_", "account_set_")
_OWN_NAMES = frozenset(
    {
        "account_new", "account_switch", "account_leave", "account_delete", "account_export",
        "account_reauthenticate", "audit_download", "invitation", "invitation_other",
        "mail_preferences",
    }
)  # fmt: skip
CLOSED = _("You are viewing this account as its owner. Stop that first: this page is about you.")


class OwnThingsStayClosed(MiddlewareMixin):
    """Refuses passwords, addresses, second steps, and what begins or ends an account."""

    def process_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Raises PermissionDenied."""
        match = request.resolver_match
        if match is None or in_session(request.session) is None:
            return
        if match.view_name in _OWN_NAMES or match.view_name.startswith(_OWN):
            raise PermissionDenied(CLOSED)
