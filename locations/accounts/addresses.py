"""The consequences of a changed e-mail address, whether the user or an operator changed it.

``User.save`` drops the old address with all its links, codes and sign-ins. This module records the
change in the audit logs and mails the user at both addresses, in the transaction of the change.
"""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.account.signals import email_changed
from allauth.usersessions.models import UserSession
from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest

from core import tenancy
from locations.accounts import mails
from locations.audit import AccountVerb, record
from locations.models import Member, User
from locations.principals import Principal, principal_of_user


def changed_by_operator(user: User, old: str, *, by: Principal) -> None:
    """Record and announce that ``by`` has changed the address of ``user`` from ``old``. Call it in
    the transaction of the change."""
    _record(user, old, by)
    for address in (old, user.email):
        mails.send_address_changed(old, user.email, to=address)


@receiver(email_changed)
def changed_by_user(
    request: HttpRequest,
    user: User,
    from_email_address: EmailAddress | None,
    to_email_address: EmailAddress,
    **kwargs: object,
) -> None:
    """Do the same after users have confirmed their new address. allauth mails the old one. The
    browser in which they did it stays signed in."""
    if from_email_address is None:
        return
    old, new = from_email_address.email, to_email_address.email
    with transaction.atomic():
        _record(user, old, principal_of_user(user))
        mails.send_address_changed(old, new, to=new)
    keep_sign_in(request, user)


def keep_sign_in(request: HttpRequest, user: User) -> None:
    """Keep the sign-in of this browser, if it is the one of ``user``, whose others have ended."""
    if isinstance(request.user, User) and request.user.pk == user.pk:
        update_session_auth_hash(request, user)
        UserSession.objects.create_from_request(request)


def is_address_of(user: User, email: str) -> bool:
    """Return whether ``email`` is an address of ``user`` now, confirmed or not."""
    known = EmailAddress.objects.filter(user=user, email=email.lower())
    return user.email.lower() == email.lower() or known.exists()


def _record(user: User, old: str, by: Principal) -> None:
    with tenancy.everyone():  # the user's accounts, also those that are not the current one
        for account_id in Member.objects.filter(user=user).values_list("account_id", flat=True):
            record(by, account_id, AccountVerb.ADDRESS_CHANGED, old, user.email)
