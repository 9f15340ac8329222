"""Create accounts: for users, and for customers with locations and a first API key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypedDict
from uuid import UUID

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from core import tenancy
from locations.audit import AccountVerb, record
from locations.models import Account, AccountState, ApiKey, Location, Member, Plan, Role, User
from locations.plans.action_limits import ActionLimit, count_action
from locations.plans.trials import begin_trial
from locations.principals import principal_of_user

FIRST_KEY_NAME = "First key"
CUSTOMERS_PLAN = "Agency"  # for customers that an operator creates; a sign-up starts with a trial
_ACCOUNT_NAME = forms.CharField(max_length=120)
_LOCATION_NAME = forms.CharField(max_length=160)
_EMAIL = forms.EmailField(max_length=254)


class NewLocation(TypedDict):
    id: UUID
    name: str


class NewCustomer(TypedDict):
    """``api_key`` is the secret, which is not stored."""

    account: UUID
    user: UUID
    locations: list[NewLocation]
    api_key: str


def create_customer(
    *, email: str, password: str, account: str, locations: Sequence[str]
) -> NewCustomer:
    """Create all rows of a new customer in one transaction. Strips names and e-mail.

    Raises ValidationError with the messages by argument."""
    errors: dict[str, list[str]] = {}
    address = _checked(errors, "email", _EMAIL.clean, email)
    account_name = _checked(errors, "account", _ACCOUNT_NAME.clean, account)
    names = [_checked(errors, "location", _LOCATION_NAME.clean, name) for name in locations]
    owner = User(email=User.objects.normalize_email(address))
    _checked(errors, "password", lambda text: validate_password(text, owner), password)
    if not locations:
        errors["location"] = ["Pass at least one location."]
    if address and User.objects.filter(email__iexact=address).exists():
        errors["email"] = [_taken(address)]
    if errors:
        raise ValidationError(errors)
    try:
        with tenancy.everyone(), transaction.atomic():  # the tenant does not exist yet
            return _create(owner, password, account_name, names)
    except IntegrityError as error:
        raise ValidationError({"email": [_taken(address)]}) from error


def _checked(
    errors: dict[str, list[str]], name: str, check: Callable[[Any], Any], value: str
) -> str:
    """Return ``check(value)``, or collect its messages in ``errors``."""
    try:
        return str(check(value) or "")
    except ValidationError as error:
        errors.setdefault(name, []).extend(error.messages)
        return ""


def _taken(email: str) -> str:
    return f"{email} is already a user. Sign in with it, or choose another e-mail address."


def _create(owner: User, password: str, account_name: str, names: Sequence[str]) -> NewCustomer:
    account = Account.objects.create(
        name=account_name,
        plan=Plan.objects.filter(name=CUSTOMERS_PLAN).first(),
        state=AccountState.ACTIVE,
        trial_ends_at=None,
    )
    owner.set_password(password)
    owner.save(force_insert=True)
    owner.mark_email_verified()
    Member.objects.create(account=account, user=owner, role=Role.OWNER)
    locations = Location.objects.bulk_create(
        [Location(account=account, name=name) for name in names]
    )
    _, secret = ApiKey.issue(account, FIRST_KEY_NAME)
    return {
        "account": account.pk,
        "user": owner.pk,
        "locations": [{"id": location.pk, "name": location.name} for location in locations],
        "api_key": secret,
    }


def create_account(user: User, name: str, address: str | None) -> Account:
    """Create an account on trial, owned by ``user``. ``address`` is the IP address of the request.
    Raises TooOften or TrialsUsedUp."""
    count_action((ActionLimit.ACCOUNTS_OF_USER, user.pk))
    owner = principal_of_user(user, None, address)
    with tenancy.everyone(), transaction.atomic():  # the account does not exist yet
        account = Account.objects.create(name=name)
        begin_trial(user, account)
        Member.objects.create(account=account, user=user, role=Role.OWNER)
        record(owner, account.pk, AccountVerb.ACCOUNT_CREATED, name)
    return account
