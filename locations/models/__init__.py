"""Accounts, their members and locations, and API keys."""

from locations.models.accounts import Account, Member, Role, User, UserManager, still_has_role
from locations.models.api_keys import ApiKey, Scope
from locations.models.audit import AuditEvent
from locations.models.exports import Export, ExportKind, ExportState
from locations.models.idempotency import IdempotentAnswer
from locations.models.invitations import Invitation
from locations.models.locations import Location
from locations.models.plans import AccountState, Plan
from locations.models.tenant import TenantQuerySet
from locations.models.trial_starts import TrialStart

__all__ = [
    "Account",
    "AccountState",
    "ApiKey",
    "AuditEvent",
    "Export",
    "ExportKind",
    "ExportState",
    "IdempotentAnswer",
    "Invitation",
    "Location",
    "Member",
    "Plan",
    "Role",
    "Scope",
    "TenantQuerySet",
    "TrialStart",
    "User",
    "UserManager",
    "still_has_role",
]
