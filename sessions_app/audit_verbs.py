"""The audit log's verbs for sessions."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class SessionVerb(TextChoices):
    """Actions on sessions, their links and proxies, and support bundles."""

    SESSION_CREATED = "session_created", _("Started linking a number")
    SESSION_RESTARTED = "session_restarted", _("Restarted a number")
    SESSION_STOPPED = "session_stopped", _("Stopped a number")
    SESSION_UNLINKED = "session_unlinked", _("Unlinked a number")
    SESSION_DELETED = "session_deleted", _("Deleted a number with its history")
    NUMBER_REPLACED = "number_replaced", _("Replaced a number by another one")
    OTHER_NUMBER_REFUSED = "other_number_refused", _("Unlinked the phone of another number")
    PAIRING_CODE_ASKED = "pairing_code_asked", _("Requested a pairing code")
    CONNECT_LINK_MADE = "connect_link_made", _("Created a one-time link to a QR code")
    CONNECT_LINK_REVOKED = "connect_link_revoked", _("Revoked a one-time link")
    CONNECT_LINK_USED = "connect_link_used", _("Opened a one-time link")
    DEVICE_NAMED = "device_named", _("Named a linked device")
    PROXY_SET = "proxy_set", _("Set a number's proxy")
    PROXY_REMOVED = "proxy_removed", _("Removed a number's proxy")
    BUNDLE_ASKED = "bundle_asked", _("Requested a support bundle")
    BUNDLE_DOWNLOADED = "bundle_downloaded", _("Downloaded a support bundle")
