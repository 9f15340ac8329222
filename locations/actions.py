"""Add, change and delete the locations of an account."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from core.data.batch_delete import deletion_steps
from core.data.deletion_pace import run_at_once, run_in_turn
from locations.access import find_account
from locations.audit import AccountVerb, record
from locations.models import Account, Location
from locations.plans.entitlements import Resource, require
from locations.principals import Principal
from locations.signals import location_closing, location_hold_asked


class GhlIdTaken(Exception):
    """Another location has this GHL location id. ``str()`` is a sentence for users; it does not
    reveal the other account."""

    def __init__(self) -> None:
        super().__init__(_("This GHL location id cannot be used. Check it, or ask your operator."))


class StillLinked(Exception):
    """A number is linked to the location. ``str()`` is a sentence for users."""

    def __init__(self) -> None:
        super().__init__(_("A number is linked here. Unlink it first, then delete the location."))


def add(account: Account, name: str, ghl_id: str, *, by: Principal) -> Location:
    """Add a location to ``account``. Raises OverLimit or GhlIdTaken."""
    try:
        with transaction.atomic():
            require(account, Resource.LOCATIONS)
            location: Location = Location.objects.create(account=account, name=name, ghl_id=ghl_id)
            record(by, account.pk, AccountVerb.LOCATION_ADDED, name)
    except IntegrityError as error:
        raise GhlIdTaken from error
    return location


def change(location: Location, name: str, ghl_id: str, *, by: Principal) -> None:
    """Change the name or the GHL location id. Raises GhlIdTaken."""
    if (name, ghl_id) == (location.name, location.ghl_id):
        return
    old = location.name
    try:
        with transaction.atomic():
            location.name, location.ghl_id = name, ghl_id
            location.save(update_fields=["name", "ghl_id"])
            record(by, location.account_id, AccountVerb.LOCATION_CHANGED, old, name)
    except IntegrityError as error:
        raise GhlIdTaken from error


def account_to_add_to(principal: Principal) -> Account:
    """Return the current account of ``principal``. Raises Http404 if there is none, or for a key
    limited to some locations, and PermissionDenied if ``principal`` may not change it."""
    if principal.locations is not None:
        raise Http404("Not found.")
    account = find_account(principal, principal.account)
    if not principal.may_write(account.pk):
        raise PermissionDenied(_("You can see this but not change it."))
    return account


def is_held(location_id: UUID) -> bool:
    """Return whether something, such as a linked number, must be removed from it first."""
    return any(held for _, held in location_hold_asked.send(None, location_id=location_id))


def delete(location: Location, *, by: Principal) -> None:
    """Delete the location with the history of its numbers: from now on no one sees it, and a job
    deletes what is too much for a request. A second call does nothing. Raises StillLinked."""
    now = timezone.now()
    with transaction.atomic():
        # A concurrent link waits for the lock on the account, or is detected below.
        Account.objects.select_for_update(no_key=True).get(pk=location.account_id)
        if is_held(location.pk):
            raise StillLinked
        if not Location.objects.filter(pk=location.pk).update(deleting_at=now, ghl_id=""):
            return
        record(by, location.account_id, AccountVerb.LOCATION_DELETED, location.name)
        location_closing.send(None, location_id=location.pk, at=now)
    run_at_once(deletion_steps(Location.being_deleted().filter(pk=location.pk)))


def finish_deletions(seconds: float) -> int:
    """Work for about ``seconds`` on the locations that are being deleted, in turn by account.
    Return how many were completed."""
    marked = Location.being_deleted().filter(account__deleting_at__isnull=True)
    accounts = marked.order_by().values_list("account_id", flat=True).distinct()
    return run_in_turn(
        {account: deletion_steps(marked.filter(account=account)) for account in accounts}, seconds
    )
