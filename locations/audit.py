"""The audit log: who changed what, when, and from which IP address.

This is the only module that writes it. Each app declares the verbs of its own actions in
``audit_verbs.py`` and registers them when it is loaded.
"""

from __future__ import annotations

import logging
from uuid import UUID

from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from locations.models import AuditEvent
from locations.principals import Principal

logger = logging.getLogger(__name__)


class AccountVerb(TextChoices):
    """Actions on accounts, locations, members and API keys."""

    ACCOUNT_CREATED = "account_created", _("Created the account")
    LOCATION_ADDED = "location_added", _("Added a location")
    LOCATION_CHANGED = "location_changed", _("Changed a location")
    LOCATION_DELETED = "location_deleted", _("Deleted a location")
    PLAN_CHANGED = "plan_changed", _("Changed the plan")
    ACCOUNT_SUSPENDED = "account_suspended", _("Suspended the account")
    ACCOUNT_RESUMED = "account_resumed", _("Resumed the account")
    VIEWED_AS_OWNER = "viewed_as_owner", _("Started viewing this account as its owner")
    STOPPED_VIEWING = "stopped_viewing", _("Stopped viewing this account as its owner")
    INVITED = "invited", _("Invited a member")
    INVITATION_RESENT = "invitation_resent", _("Sent an invitation again")
    INVITATION_REVOKED = "invitation_revoked", _("Revoked an invitation")
    INVITATION_ACCEPTED = "invitation_accepted", _("Joined the account")
    ROLE_CHANGED = "role_changed", _("Changed a role")
    MEMBER_ADDED = "member_added", _("Added a member")
    MEMBER_REMOVED = "member_removed", _("Removed a member")
    MEMBER_LEFT = "member_left", _("Left the account")
    OWNERSHIP_HANDED_OVER = "ownership_handed_over", _("Transferred ownership")
    ADDRESS_CHANGED = "address_changed", _("Changed the e-mail address of a member")
    SIGN_IN_CHANGED = "sign_in_changed", _("Changed the sign-in of a member")
    ACCOUNT_RENAMED = "account_renamed", _("Renamed the account")
    ACCOUNT_EXPORTED = "account_exported", _("Requested an export of the account's data")
    EXPORT_DOWNLOADED = "export_downloaded", _("Downloaded an export")
    ACCOUNT_DELETED = "account_deleted", _("Deleted the account")
    KEY_CREATED = "key_created", _("Created an API key")
    KEY_ROTATED = "key_rotated", _("Rotated an API key")
    KEY_REVOKED = "key_revoked", _("Revoked an API key")


_VERBS: dict[str, str | Promise] = {}  # value → label, in the order in which they are listed


def register_verbs(verbs: type[TextChoices], *, after: TextChoices | None = None) -> None:
    """Make ``verbs`` known to the audit log, listed behind ``after`` or at the end. Raises
    ValueError if one of them is registered already, or if ``after`` is not."""
    known = list(_VERBS.items())
    if taken := sorted(_VERBS.keys() & set(verbs.values)):
        raise ValueError(f"Audit verbs are registered twice: {', '.join(taken)}")
    at = len(known) if after is None else list(_VERBS).index(after.value) + 1
    known[at:at] = verbs.choices
    _VERBS.clear()
    _VERBS.update(known)


def verb_choices() -> list[tuple[str, str | Promise]]:
    """Return all registered verbs with their labels, for a form field."""
    return list(_VERBS.items())


def verb_label(verb: str) -> str:
    """Return the label of ``verb``, or ``verb`` itself if it is no longer registered."""
    return str(_VERBS.get(verb, verb))


register_verbs(AccountVerb)


def record(
    principal: Principal, account_id: UUID, verb: TextChoices, target: str = "", detail: str = ""
) -> None:
    """Write that ``principal`` did ``verb`` to ``target`` in the account. Call it in the
    transaction of the action itself.

    ``target`` is a name that users recognize. Neither ``target`` nor ``detail`` may contain a
    key, a code, a message or a full phone number. Raises ValueError for a verb that is not
    registered."""
    if verb.value not in _VERBS:
        raise ValueError(f"Audit verb {verb.value} is not registered")
    AuditEvent.objects.create(
        account_id=account_id,
        actor=principal.name[:254],
        verb=verb,
        target=target[:160],
        detail=detail[:200],
        address=principal.address,
    )
    logger.info("Audited", extra={"verb": str(verb), "account": str(account_id)})
