"""The gateway's store on Django's rows.

Each method is one transaction, run on the gateway's own small thread pool, so that slow pages
and the gateway do not delay each other. Renewals of leases have a thread and a connection of their
own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import Case, Value, When
from django.utils import timezone

from core.background.own_thread import run_in_own_thread
from core.data.db_threads import Transactions, call_as_transaction
from core.security.encryption import SealBroken
from sessions_app.gateway.ports import Change, LeaseLost, ProxyUnusable, SessionState
from sessions_app.hints import hint_viewers
from sessions_app.models import Gateway, Session
from sessions_app.store import leases
from sessions_app.store.gateway_owner import process_space
from sessions_app.store.group_commit import GroupCommit
from sessions_app.store.proxy_dialing import url_to_dial
from sessions_app.store.tls_relay import TlsRelays
from sessions_app.store.transitions import ChangeRequest, state_of


class DatabaseSessionStore:
    """The gateway's ``SessionStore`` on Django's rows, for the gateway named ``owner``."""

    def __init__(self, owner: str, host: str, pid: int, transactions: Transactions) -> None:
        self._owner, self._host, self._pid = owner, host, pid
        self._run = transactions.run
        self._changes = GroupCommit(self._run, owner)
        self._relays = TlsRelays()
        self._started_at = timezone.now()

    async def free_dead_leases(self) -> int:
        return await self._run(lambda: leases.expire_leases_of_the_dead(process_space()))

    async def claim(self, limit: int) -> list[SessionState]:
        return await self._run(lambda: leases.claim(self._owner, limit))

    async def renew(self) -> set[UUID]:
        """Never waits for other transactions' threads or connections: a late renewal ends all
        links of the gateway."""
        renew = partial(leases.renew, self._owner)
        return await run_in_own_thread(partial(call_as_transaction, renew))

    async def wishes(self) -> list[SessionState]:
        return await self._run(lambda: leases.wishes(self._owner))

    async def read(self, session_id: UUID) -> SessionState | None:
        def read() -> SessionState | None:
            rows = Session.objects.for_gateway()
            row = next(iter(rows.filter(pk=session_id, lease_owner=self._owner)), None)
            return None if row is None else state_of(row)

        return await self._run(read)

    async def proxy_of(self, state: SessionState) -> str | None:
        def read() -> str:
            mine = {"lease_owner": self._owner, "lease_epoch": state.lease_epoch}
            row = Session.objects.filter(pk=state.id, **mine).only("proxy").first()
            if row is None:
                raise LeaseLost(str(state.id))
            return str(row.proxy)

        try:
            url = await self._run(read)
        except SealBroken:
            raise ProxyUnusable("The stored proxy cannot be read any more.") from None
        return await url_to_dial(url, state.id, state.account_id, self._relays) if url else None

    async def apply(self, state: SessionState, change: Change) -> SessionState:
        request = ChangeRequest(state.id, state.lease_epoch, change, suspended=state.suspended)
        new = await self._changes.apply(request)
        if new.version != state.version:
            await hint_viewers(new.id, new.account_id, new.version)
        return new

    async def note_proofs(self, proofs: Mapping[UUID, datetime]) -> None:
        await self._note("last_proof_at", proofs)

    async def note_phones(self, phones: Mapping[UUID, datetime]) -> None:
        await self._note("phone_seen_at", phones)

    async def _note(self, column: str, moments: Mapping[UUID, datetime]) -> None:
        if not moments:
            return
        whens = [When(pk=pk, then=Value(at)) for pk, at in moments.items()]

        def write() -> None:
            mine = Session.objects.filter(pk__in=list(moments), lease_owner=self._owner)
            mine.update(**{column: Case(*whens)})

        await self._run(write)

    async def release(self, session_ids: Sequence[UUID]) -> None:
        self._relays.close(session_ids)
        if session_ids:
            await self._run(lambda: leases.release(self._owner, session_ids))

    async def heartbeat(
        self, engines: list[dict[str, Any]], neonize_version: str, trouble: str
    ) -> None:
        def write() -> None:
            Gateway.objects.update_or_create(
                owner=self._owner,
                defaults={
                    "host": self._host,
                    "pid": self._pid,
                    "started_at": self._started_at,
                    "heartbeat_at": timezone.now(),
                    "stopped_at": None,
                    "neonize_version": neonize_version,
                    "engines": engines,
                    "trouble": trouble[:200],
                },
            )

        await self._run(write)

    async def mark_stopped(self) -> None:
        await self._run(
            lambda: Gateway.objects.filter(owner=self._owner).update(
                stopped_at=timezone.now(), engines=[]
            )
        )
