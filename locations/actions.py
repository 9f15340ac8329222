"""Adding, renaming and deleting the locations of an account: the rules and the writing."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils.translation import gettext as _

from locations.access import find_account
from locations.audit import AccountVerb, record
from locations.models import Account, Location
from locations.plans.entitlements import Resource, require
from locations.principals import Principal
from locations.signals import location_hold_asked


class GhlIdTaken(Exception):
    """Another location has this GHL location id; ``str()`` says what to do. It is not said
    whose: an id proves nothing about who asks."""

    def __init__(self) -> None:
        super().__init__(_("This GHL location id cannot be used. Check it, or ask your operator."))


class StillLinked(Exception):
    """A number is linked to the location; ``str()`` says what to do."""

    def __init__(self) -> None:
        super().__init__(_("A number is connected here. Unlink it first, then delete the place."))


def add(account: Account, name: str, ghl_id: str, *, by: Principal) -> Location:
    """A new location of ``account``. Raises OverLimit or GhlIdTaken."""
    try:
        with transaction.atomic():
            require(account, Resource.LOCATIONS)
            location: Location = Location.objects.create(account=account, name=name, ghl_id=ghl_id)
            record(by, account.pk, AccountVerb.LOCATION_ADDED, name)
    except IntegrityError as error:
        raise GhlIdTaken from error
    return location


def change(location: Location, name: str, ghl_id: str, *, by: Principal) -> None:
    """Rename it, or connect it with another GHL location. Raises GhlIdTaken."""
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
    """The account that ``principal`` looks at. Raises Http404 when there is none, or when he is
    a key of some locations, and PermissionDenied when he may not change it."""
    if principal.locations is not None:
        raise Http404("No such thing here.")
    account = find_account(principal, principal.account)
    if not principal.may_write(account.pk):
        raise PermissionDenied(_("You may look at this but not change it."))
    return account


def is_held(location_id: UUID) -> bool:
    """Whether something that has to be let go of first, such as a linked number, is there."""
    return any(held for _, held in location_hold_asked.send(None, location_id=location_id))


def delete(location: Location, *, by: Principal) -> None:
    """Delete it with the history of what was linked there. Raises StillLinked."""
    with transaction.atomic():
        # Whoever links a number here at the same moment waits at the account, or is seen below.
        Account.objects.select_for_update(no_key=True).get(pk=location.account_id)
        if is_held(location.pk):
            raise StillLinked
        record(by, location.account_id, AccountVerb.LOCATION_DELETED, location.name)
        location.delete()
