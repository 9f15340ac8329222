"""Every address of the site, found in the URL configuration, and who may do what there.

A new address is swept without a word here as one of an account: anonymous people are sent to the
sign-in, strangers find nothing, viewers may look and not change, members and owners may both. An
address that is another kind of thing is named in one of the sets below; an id that no table knows
is told in ``rows.py``.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

from tests.architecture.rows import NAMES_OF_IDS, Rows

# For everybody, signed in or not; tests/integration has what they show.
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
# What somebody was given opens them, whoever he is: with garbage, nobody finds anything there.
BY_TOKEN = {
    "invitation",
    "invitation_other",
    "link",
    "link_live",
    "link_pairing",
    "unsubscribe",
    "unsubscribe_undo",
}
# Of a person and of no account; there when he has such a thing (tests/integration/people).
A_PERSONS_OWN = {
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_download_recovery_codes",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
}
# Pages of an account that are there at times only (tests/integration/team).
AT_TIMES = {"account_deleting"}
# Things that one does with an account, and not in it: viewers may, too.
FOR_VIEWERS_TOO = {"account_switch", "account_leave", "account_email_again"}
# Members find 403 here. Everything else in an account is for members and owners alike.
FOR_OWNERS = {
    "account_rename",
    "account_export",
    "account_delete",
    "audit_log",
    "audit_download",
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

    def path(self, rows: Rows | None) -> str:
        """The address with the ids of ``rows``, or with ids that nothing has."""
        return "/" + re.sub(r"<(\w+):(\w+)>", lambda match: _filled(match, rows), self.route)


def _filled(match: re.Match[str], rows: Rows | None) -> str:
    converter, name = match.groups()
    if converter != "uuid":
        return "1" if converter == "int" else "garbage"
    assert name in NAMES_OF_IDS, f"Tell tests/architecture/rows.py what a {name} is the id of"
    return str(uuid.uuid4() if rows is None else NAMES_OF_IDS[name](rows))


def addresses() -> list[Address]:
    """All that is not the admin's and not public, by name."""
    found = _patterns(get_resolver().url_patterns, "", "")
    return [
        Address(name, route)
        for name, route in found
        if name not in PUBLIC and not route.startswith(ADMIN)
    ]


def of_accounts() -> list[Address]:
    return [a for a in addresses() if a.name not in A_PERSONS_OWN | AT_TIMES | BY_TOKEN]


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
