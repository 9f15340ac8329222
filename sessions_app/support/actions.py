"""Actions on support bundles. Each is one transaction with its audit log entry.

The callers have checked access.
"""

from __future__ import annotations

import logging
from pathlib import Path
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from locations.audit import record
from locations.plans.action_limits import ActionLimit, count_action
from locations.principals import Principal
from sessions_app.audit_verbs import SessionVerb
from sessions_app.models import Session, SupportBundle
from sessions_app.models.support_bundle import USUAL_LINES

logger = logging.getLogger(__name__)
SHOWN = 20


class OneAtATime(Exception):
    """Another bundle of the account, ``bundle``, is being built."""

    def __init__(self, bundle: SupportBundle | None) -> None:
        super().__init__(_("A support bundle is already being made. Wait until it is ready."))
        self.bundle = bundle


class NotThere(Exception):
    """The bundle has no file here; the text says why and what to do."""


def ask(
    principal: Principal, account_id: UUID, session: Session | None = None, lines: int = USUAL_LINES
) -> SupportBundle:
    """Request a bundle for the account about ``session``, or about all of its sessions, with
    ``lines`` of the log for each. Raises OneAtATime or TooOften."""
    running = SupportBundle.objects.of_accounts([account_id]).open().first()
    if running is not None:
        raise OneAtATime(running)
    count_action((ActionLimit.BUNDLES_OF_ACCOUNT, account_id))
    try:
        with transaction.atomic():
            bundle: SupportBundle = SupportBundle.objects.create(
                account_id=account_id, session=session, lines=lines, asked_by=principal.name
            )
            record(principal, account_id, SessionVerb.BUNDLE_ASKED, _about(session))
    except IntegrityError:  # bundle_one_at_a_time
        running = SupportBundle.objects.of_accounts([account_id]).open().first()
        raise OneAtATime(running) from None
    return bundle


def record_operators(principal: Principal, bundle: SupportBundle) -> None:
    """Record a request by an operator: in the log of the account, if it is about one session."""
    if bundle.session is not None:
        about = _about(bundle.session)
        record(principal, bundle.session.account_id, SessionVerb.BUNDLE_ASKED, about)
    logger.info("An operator requested a support bundle", extra={"bundle": str(bundle.pk)})


def _about(session: Session | None) -> str:
    return session.location.name if session is not None else ""


def latest(account_id: UUID | None) -> list[SupportBundle]:
    """Return the bundles of the account, the newest first."""
    accounts = [] if account_id is None else [account_id]
    rows = SupportBundle.objects.of_accounts(accounts).select_related("session__location")
    return list(rows[:SHOWN])


def file_of(bundle: SupportBundle) -> Path:
    """Return the path of the ZIP file. Raises NotThere."""
    if bundle.ready_at is None:
        raise NotThere(_("This support bundle is not ready yet."))
    if not bundle.path.is_file():
        raise NotThere(_("The file of this support bundle is not on this machine. Make a new one."))
    return bundle.path


def record_download(principal: Principal, bundle: SupportBundle) -> None:
    account = bundle.account_id or (bundle.session.account_id if bundle.session else None)
    if account is not None:
        record(principal, account, SessionVerb.BUNDLE_DOWNLOADED, _about(bundle.session))
