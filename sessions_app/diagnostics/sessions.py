"""Health checks of sessions, their keys, and gateways."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from channels.layers import InMemoryChannelLayer, get_channel_layer
from django.conf import settings
from django.utils import timezone

from core.health.findings import Finding
from core.health.severity import Severity
from core.security.key_rotation import unopenable
from sessions_app.cleanup.key_files import StoreState, key_files, store_state
from sessions_app.cleanup.queries import linked_addresses, session_facts
from sessions_app.cleanup.rules import SessionFacts
from sessions_app.diagnostics import advice, rules
from sessions_app.diagnostics.rules import GatewayFacts
from sessions_app.gateway.reconcile import ATTEMPT_BUDGET
from sessions_app.gateway.settings import GatewaySettings
from sessions_app.lifecycle import Status
from sessions_app.models import Gateway
from sessions_app.store.gateway_settings import gateway_settings


def sessions() -> list[Finding]:
    """Count the sessions in each status, and find stuck ones."""
    patience = ATTEMPT_BUDGET + 2 * timedelta(seconds=settings.GATEWAY_STUCK_SECONDS)
    served = any(gateway.age <= rules.ALIVE_SECONDS for gateway in _gateway_facts())
    facts = session_facts().values()
    return rules.of_sessions(facts, timezone.now(), patience, served=served)


def keys() -> list[Finding]:
    """Check that all linked sessions have their keys, and that no others are left over."""
    gateway = gateway_settings()
    files, facts = key_files(gateway.keys_dir), session_facts()
    if gateway.auth_store == "files":
        found = _keys_in_files(gateway, facts.values())
    else:
        found = _keys_in_a_database(gateway.auth_store, facts.values())
    return found + rules.of_orphans(files, facts, timezone.now())


def _keys_in_files(gateway: GatewaySettings, facts: Iterable[SessionFacts]) -> list[Finding]:
    return rules.of_linked_keys(
        {
            session.id: store_state(
                Path(gateway.store_of(str(session.id))),
                busy=session.leased and session.status is Status.READY,
            )
            for session in facts
            if session.linked
        }
    )


def _keys_in_a_database(url: str, facts: Iterable[SessionFacts]) -> list[Finding]:
    from sessions_app.cleanup import key_database  # loads psycopg only where it is needed

    try:
        stored = key_database.stored_addresses(url)
    except key_database.KeysUnreachable as error:
        text = f"the key database does not answer: {error}"
        return [Finding("linked keys", Severity.CRITICAL, text, advice.KEY_DATABASE)]
    linked = linked_addresses()
    states = {
        session: StoreState.LINKED if address in stored else StoreState.MISSING
        for address, session in linked.items()
    }
    # A device is stored a moment before its session is linked.
    linking = any(session.leased and not session.linked for session in facts)
    strays = 0 if linking else len(stored - linked.keys())
    return [
        *rules.of_linked_keys(states, "the key database"),
        rules.of_stray_devices(strays),
    ]


def seals() -> list[Finding]:
    """Find tokens and passwords whose encryption key is missing, by the ids of the keys. Values
    that were tampered with show when they are used, or in ``rotate_keys --dry-run``."""
    return rules.of_seals(unopenable())


def gateways() -> list[Finding]:
    """Check the gateways and their engines."""
    waiting = sum(one.pending and not one.leased for one in session_facts().values())
    known = _gateway_facts()
    found = rules.of_gateways(known, waiting)
    alive = [gateway for gateway in known if gateway.age <= rules.ALIVE_SECONDS]
    if len(alive) > 1 and isinstance(get_channel_layer(), InMemoryChannelLayer):
        found.append(
            Finding(
                "gateway",
                Severity.WARNING,
                f"{len(alive)} are alive, but hints do not cross processes",
                "Set REDIS_URL: pages then update at once instead of within seconds.",
            )
        )
    return found


def is_alive_on(host: str) -> bool:
    """Return whether a gateway on ``host`` has sent a heartbeat within half a minute."""
    since = timezone.now() - timedelta(seconds=rules.ALIVE_SECONDS)
    mine = Gateway.objects.filter(host=host, stopped_at__isnull=True, heartbeat_at__gte=since)
    return mine.exists()


def _gateway_facts() -> list[GatewayFacts]:
    now = timezone.now()
    rows = Gateway.objects.filter(stopped_at__isnull=True).order_by("-heartbeat_at")
    return [_gateway(row, now) for row in rows]


def _gateway(row: Gateway, now: datetime) -> GatewayFacts:
    age = max(0.0, (now - row.heartbeat_at).total_seconds())
    return GatewayFacts(f"{row.host}, process {row.pid}", age, row.engines, row.trouble)
