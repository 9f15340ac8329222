"""What becomes of a person here: a verified address, and an account of his own."""

from __future__ import annotations

from core import tenancy
from locations.audit import Verb, record
from locations.models import Account, Member, Role, User
from locations.principals import principal_of_user


def open_account(user: User, name: str, address: str | None) -> Account:
    """A new account that ``user`` owns; ``address`` is the IP address that he asked from. Call
    it in a transaction."""
    owner = principal_of_user(user, None, address)
    with tenancy.everyone():  # it is nobody's before it is there
        account = Account.objects.create(name=name)
        Member.objects.create(account=account, user=user, role=Role.OWNER)
        record(owner, account.pk, Verb.ACCOUNT_CREATED, name)
    return account
