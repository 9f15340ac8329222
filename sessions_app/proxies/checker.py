"""Check a proxy that a user enters. A check waits for a foreign server, so each account has few."""

from __future__ import annotations

from uuid import UUID

from asgiref.sync import async_to_sync
from django.utils.translation import gettext

from core.background.account_slots import AccountSlots, NoSlot
from core.data.network_wait import before_network_wait
from locations.plans.action_limits import ActionLimit, TooOften, count_action
from sessions_app.engine.proxy_url import ProxyAddress
from sessions_app.gateway.ports import ProxyUnusable
from sessions_app.store.proxy_check import CHECK_SECONDS, reach_whatsapp
from sessions_app.store.whatsapp_route import WHATSAPP_HOST, WHATSAPP_PORT

CHECKS_AT_ONCE = 2  # of an account, in this process

_slots = AccountSlots(CHECKS_AT_ONCE)


def check_proxy(proxy: ProxyAddress, account_id: UUID) -> None:
    """Connect to WhatsApp through ``proxy``, on behalf of an account, without a database
    connection. Raises ProxyUnusable with a sentence for users, or TooOften."""
    try:
        with _slots.take(account_id):
            count_action((ActionLimit.PROXY_CHECKS_OF_ACCOUNT, account_id))
            before_network_wait()
            async_to_sync(reach_whatsapp)(proxy, account_id)
    except ProxyUnusable as error:
        advice = gettext(
            "Check its kind, host and port, its user and password, and that it allows connections "
            "to %(host)s on port %(port)d."
        )
        target = {"host": WHATSAPP_HOST, "port": WHATSAPP_PORT}
        raise ProxyUnusable(f"{error} {advice % target}") from None
    except NoSlot:
        limit = gettext("%d proxies of this account are being checked.") % CHECKS_AT_ONCE
        raise TooOften(limit, round(CHECK_SECONDS)) from None
