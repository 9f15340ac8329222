"""The audit log: who changed what, when, from where. The only code that writes it."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from locations.models import AuditEvent
from locations.principals import Principal

logger = logging.getLogger(__name__)


class Verb(TextChoices):
    """What can be done in an account, with its words for people."""

    ACCOUNT_CREATED = "account_created", _("Created the account")
    LOCATION_ADDED = "location_added", _("Added a location")
    LOCATION_CHANGED = "location_changed", _("Changed a location")
    LOCATION_DELETED = "location_deleted", _("Deleted a location")
    PLAN_CHANGED = "plan_changed", _("Changed the plan")
    ACCOUNT_SUSPENDED = "account_suspended", _("Suspended the account")
    ACCOUNT_RESUMED = "account_resumed", _("Resumed the account")
    VIEWED_AS_OWNER = "viewed_as_owner", _("Began to view this account as its owner")
    STOPPED_VIEWING = "stopped_viewing", _("Stopped viewing this account as its owner")
    SESSION_CREATED = "session_created", _("Created a connection")
    SESSION_RESTARTED = "session_restarted", _("Restarted a connection")
    SESSION_STOPPED = "session_stopped", _("Stopped a connection")
    SESSION_UNLINKED = "session_unlinked", _("Unlinked a number")
    PAIRING_CODE_ASKED = "pairing_code_asked", _("Asked for a pairing code")
    CONNECT_LINK_MADE = "connect_link_made", _("Made a link for whoever has the phone")
    CONNECT_LINK_REVOKED = "connect_link_revoked", _("Revoked a link to a code")
    CONNECT_LINK_USED = "connect_link_used", _("Opened a link to a code")
    DEVICE_NAMED = "device_named", _("Named a connection as the phone shows it")
    PROXY_SET = "proxy_set", _("Set a number's proxy")
    PROXY_REMOVED = "proxy_removed", _("Removed a number's proxy")
    BUNDLE_ASKED = "bundle_asked", _("Asked for a support bundle")
    BUNDLE_DOWNLOADED = "bundle_downloaded", _("Downloaded a support bundle")
    TEXT_SENT = "text_sent", _("Sent a text")
    INVITED = "invited", _("Invited somebody")
    INVITATION_RESENT = "invitation_resent", _("Sent an invitation again")
    INVITATION_REVOKED = "invitation_revoked", _("Revoked an invitation")
    INVITATION_ACCEPTED = "invitation_accepted", _("Joined the account")
    ROLE_CHANGED = "role_changed", _("Changed a role")
    MEMBER_REMOVED = "member_removed", _("Removed a member")
    MEMBER_LEFT = "member_left", _("Left the account")
    OWNERSHIP_HANDED_OVER = "ownership_handed_over", _("Handed the account over")
    ACCOUNT_RENAMED = "account_renamed", _("Renamed the account")
    ACCOUNT_EXPORTED = "account_exported", _("Downloaded the account's data")
    ACCOUNT_DELETED = "account_deleted", _("Deleted the account")
    ACCOUNT_RESTORED = "account_restored", _("Restored the account from a backup")
    SESSION_RESTORED = "session_restored", _("Restored a connection from a backup")
    KEY_CREATED = "key_created", _("Made an API key")
    KEY_ROTATED = "key_rotated", _("Made a new secret for an API key")
    KEY_REVOKED = "key_revoked", _("Revoked an API key")
    WEBHOOK_CREATED = "webhook_created", _("Created a webhook")
    WEBHOOK_CHANGED = "webhook_changed", _("Changed a webhook")
    WEBHOOK_DELETED = "webhook_deleted", _("Deleted a webhook")
    WEBHOOK_SWITCHED = "webhook_switched", _("Switched a webhook on or off")
    WEBHOOK_SECRET_ROTATED = "webhook_secret_rotated", _("Rotated the secret of a webhook")
    WEBHOOK_TESTED = "webhook_tested", _("Sent a test event")
    MAILS_CHOSEN = "mails_chosen", _("Chose which mails to get")
    MAILS_ENDED = "mails_ended", _("Ended mails by the link in one of them")
    MAILS_RESUMED = "mails_resumed", _("Took back that mails end")
    WEBHOOK_REPLAYED = "webhook_replayed", _("Replayed deliveries of a webhook")


def record(
    principal: Principal, account_id: UUID, verb: Verb, target: str = "", detail: str = ""
) -> None:
    """Remember that ``principal`` did ``verb`` in the account, to ``target`` (a name that people
    know it by). Call it in the same transaction as the action itself. Neither text may hold a
    key, a code, a message or a whole phone number."""
    AuditEvent.objects.create(
        account_id=account_id,
        actor=principal.name[:254],
        verb=verb,
        target=target[:160],
        detail=detail[:200],
        address=principal.address,
    )
    logger.info("Audited", extra={"verb": str(verb), "account": str(account_id)})
