"""Every URL of the site, read from the URL configuration, and the roles that may use it.

A new URL is tested as one of an account by default: anonymous visitors are redirected to the
sign-in, strangers get 404, viewers may read but not write, members and owners may do both. List
a URL of another kind in one of the sets below, and a new kind of id in ``rows.py``.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

from tests.architecture.rows import NAMES_OF_IDS, Rows

# Public, signed in or not; tests/integration checks their content.
PUBLIC = {
    "healthz",
    "api:schema",
    "api:docs",
    "account_login",
    "account_request_login_code",
    "account_confirm_login_code",
    "mfa_login_webauthn",
    "mfa_authenticate",
    "account_inactive",
    "account_logout",
    "account_signup",
    "account_email_verification_sent",
    "account_confirm_email",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
}
# Opened by a secret token in the URL, signed in or not; a wrong token gets 404.
BY_TOKEN = {
    "invitation",
    "invitation_other",
    "link",
    "link_live",
    "link_pairing",
    "unsubscribe",
    "unsubscribe_undo",
}
# Pages of a user, not of an account; they exist once the user has such a device
# (tests/integration/locations/auth).
OF_A_USER = {
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
}
# Pages that exist in some states of an account only (tests/integration/locations/accounts).
TEMPORARY = {"account_deleting"}
# Actions on one's own membership, which viewers may take, too.
FOR_VIEWERS_TOO = {"account_switch", "account_leave", "account_email_again"}
# Members get 403 here. Everything else in an account is for members and owners.
FOR_OWNERS = {
    "account_rename",
    "account_export",
    "account_delete",
    "audit_log",
    "audit_download",
    "export",
    "export_live",
    "export_file",
    "invite",
    "invitation_resend",
    "invitation_revoke",
    "member_role",
    "member_remove",
    "member_hand_over",
    "key_new",
    "key_secret",
    "key_rotate",
    "key_revoke",
}
ADMIN = "admin/"


@dataclass(frozen=True)
class Address:
    name: str
    route: str

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api/")

    @property
    def takes_id(self) -> bool:
        return "<" in self.route

    @property
    def ids(self) -> set[str]:
        """Return the names of the parameters of the route."""
        return set(re.findall(r"<\w+:(\w+)>", self.route))

    def path(self, rows: Rows | None) -> str:
        """Return the path with the ids of ``rows``, or with ids that do not exist."""
        return "/" + re.sub(r"<(\w+):(\w+)>", lambda match: _filled(match, rows), self.route)


def _filled(match: re.Match[str], rows: Rows | None) -> str:
    converter, name = match.groups()
    if converter != "uuid":
        return "1" if converter == "int" else "garbage"
    assert name in NAMES_OF_IDS, f"Add {name} to NAMES_OF_IDS in tests/architecture/rows.py"
    return str(uuid.uuid4() if rows is None else NAMES_OF_IDS[name](rows))


def addresses() -> list[Address]:
    """Return all named URLs, except those of the admin and public ones."""
    found = _patterns(get_resolver().url_patterns, "", "")
    return [
        Address(name, route)
        for name, route in found
        if name not in PUBLIC and not route.startswith(ADMIN)
    ]


def of_accounts() -> list[Address]:
    return [a for a in addresses() if a.name not in OF_A_USER | TEMPORARY | BY_TOKEN]


def _patterns(
    patterns: list[URLPattern | URLResolver], prefix: str, namespace: str
) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else namespace
            yield from _patterns(pattern.url_patterns, route, inner)
        elif pattern.name:
            yield f"{namespace}{pattern.name}", route
