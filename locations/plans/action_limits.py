"""How often the actions that cost something are possible: by session, account, user and address.

Pages, bulk actions, the API and the admin count the same actions. The functions that carry them
out call ``count_action`` before their transaction.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from math import ceil

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from core.security.rate_counts import Allowance, count

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


@dataclass(frozen=True)
class Limit:
    """At most ``most`` times in ``seconds``. ``sentence`` says so to users; "%d" is ``most``."""

    most: int
    seconds: int
    sentence: Promise

    def __str__(self) -> str:
        return str(self.sentence) % self.most


class ActionLimit(Enum):
    """All limits of actions. The end of each name says what an action is counted for."""

    RESTARTS_OF_SESSION = Limit(
        10, 10 * _MINUTE, _("A number can be restarted at most %d times in 10 minutes.")
    )
    RESTARTS_OF_ACCOUNT = Limit(  # all that the list can select: pages.bulk_restart.MOST_AT_ONCE
        1_000, 10 * _MINUTE, _("An account can restart numbers at most %d times in 10 minutes.")
    )
    CONNECTIONS_OF_LOCATION = Limit(
        10, 10 * _MINUTE, _("A location can get at most %d new connections in 10 minutes.")
    )
    CONNECTIONS_OF_ACCOUNT = Limit(
        300, 10 * _MINUTE, _("An account can create at most %d connections in 10 minutes.")
    )
    PAIRING_CODES_OF_SESSION = Limit(
        5, 10 * _MINUTE, _("A number can get at most %d pairing codes in 10 minutes.")
    )
    PAIRING_CODES_OF_ACCOUNT = Limit(
        100, 10 * _MINUTE, _("An account can get at most %d pairing codes in 10 minutes.")
    )
    PROXY_CHECKS_OF_ACCOUNT = Limit(
        30, _MINUTE, _("An account can check at most %d proxies per minute.")
    )
    CONNECT_LINKS_OF_LOCATION = Limit(20, _HOUR, _("A location can get at most %d links per hour."))
    CONNECT_LINKS_OF_ACCOUNT = Limit(
        300, _HOUR, _("An account can create at most %d links per hour.")
    )
    BUNDLES_OF_ACCOUNT = Limit(
        10, _HOUR, _("An account can request at most %d support bundles per hour.")
    )
    BUNDLES_OF_OPERATOR = Limit(
        30, _HOUR, _("An operator can request at most %d support bundles per hour.")
    )
    EXPORTS_OF_ACCOUNT = Limit(6, _HOUR, _("An account can be exported at most %d times per hour."))
    WEBHOOK_TESTS_OF_ACCOUNT = Limit(
        10, _MINUTE, _("An account can send at most %d test events per minute.")
    )
    WEBHOOK_REPLAYS_OF_ACCOUNT = Limit(  # of one delivery, or of all that failed
        30, _MINUTE, _("An account can replay deliveries at most %d times per minute.")
    )
    INVITATIONS_OF_ACCOUNT = Limit(
        50, _DAY, _("An account can send at most %d invitations per day.")
    )
    INVITATIONS_OF_USER = Limit(50, _DAY, _("You can send at most %d invitations per day."))
    INVITATIONS_OF_RECIPIENT = Limit(
        3, _DAY, _("An address can get at most %d invitations per day, from all accounts.")
    )
    ACCOUNTS_OF_USER = Limit(5, _DAY, _("You can create at most %d accounts per day."))
    SIGN_UPS_OF_NETWORK = Limit(  # an IPv4 address, or the /64 of an IPv6 address
        15, _HOUR, _("At most %d users can sign up per hour from one network.")
    )


class TooOften(Exception):
    """A limit is used up. ``limit``: a sentence that names it, for users. ``wait``: seconds until
    the action is possible again. ``str()`` has both."""

    def __init__(self, limit: str, wait: int) -> None:
        super().__init__(f"{limit} {_again(wait)}")
        self.wait = wait


def count_action(*limits: tuple[ActionLimit, object]) -> None:
    """Count one action against each limit, for the id or address beside it, as in
    ``count_action((ActionLimit.EXPORTS_OF_ACCOUNT, account.pk))``.

    Raises TooOften, and counts nothing, if one of them is used up. While Redis cannot be reached,
    each process counts by itself."""
    by_name = {_name(limit, key): limit for limit, key in limits}
    rate = count(
        [Allowance(name, one.value.most, one.value.seconds) for name, one in by_name.items()]
    )
    if rate is not None and rate.wait is not None:
        raise TooOften(str(by_name[rate.allowance.name].value), rate.wait)


def _name(limit: ActionLimit, key: object) -> str:
    """Return the name of the count, without the key itself, which may be an e-mail address."""
    digest = hashlib.sha256(str(key).encode("utf-8", "replace")).hexdigest()
    return f"{limit.name.lower()}:{digest[:32]}"


def _again(wait: int) -> str:
    if wait <= 2 * _MINUTE:
        return ngettext("Try again in %d second.", "Try again in %d seconds.", wait) % wait
    if wait <= 2 * _HOUR:
        minutes = ceil(wait / _MINUTE)
        return ngettext("Try again in %d minute.", "Try again in %d minutes.", minutes) % minutes
    hours = ceil(wait / _HOUR)
    return ngettext("Try again in %d hour.", "Try again in %d hours.", hours) % hours
