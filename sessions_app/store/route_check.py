"""Tries the proxies of numbers before their clients start: the gateway's ``RouteCheck``."""

from __future__ import annotations

from uuid import UUID

from sessions_app.engine.proxy_url import parse
from sessions_app.gateway.account_turns import AccountTurns
from sessions_app.store.proxy_check import connect_through

CHECKS_AN_ACCOUNT = 8  # at once; a silent proxy takes ten seconds


class ProxyRoutes:
    """Connects to WhatsApp through proxies. Each account has a few checks at once."""

    def __init__(self) -> None:
        self._turns = AccountTurns(CHECKS_AN_ACCOUNT)

    async def verify(self, account_id: UUID, proxy: str) -> None:
        async with self._turns.hold(account_id):
            await connect_through(parse(proxy))
