"""What becomes of a person here: a verified address, and an account of his own."""

from __future__ import annotations

from allauth.account.models import EmailAddress

from core import tenancy
from locations.access import principal_of_user
from locations.audit import Verb, record
from locations.models import Account, Member, Role, User


def vouch_for(user: User) -> None:
    """His address counts as verified: whoever made the user answers for it."""
    EmailAddress.objects.update_or_create(
        user=user, email=user.email.lower(), defaults={"verified": True, "primary": True}
    )


def open_account(user: User, name: str, address: str | None) -> Account:
    """A new account that ``user`` owns; ``address`` is the IP address that he asked from. Call
    it in a transaction."""
    owner = principal_of_user(user, None, address)
    with tenancy.everyone():  # it is nobody's before it is there
        account = Account.objects.create(name=name)
        Member.objects.create(account=account, user=user, role=Role.OWNER)
        record(owner, account.pk, Verb.ACCOUNT_CREATED, name)
    return account
