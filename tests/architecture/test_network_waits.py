"""Every module that waits for the network is known, and known to hold no database connection.

``tests/integration/core/data/test_network_wait.py`` observes the waits themselves.
"""

from __future__ import annotations

import pytest

from tests.architecture.sources import APPS, PROJECT, modules_with

NETWORK = (
    r"\b(getaddrinfo|gethostby\w+|create_connection|open_connection|sock_connect|urlopen"
    r"|ClientSession|launch_engine|create_subprocess_\w+|python_socks|smtplib|ProxyHandler)\b"
    r"|\bget_connection\("
    r"|\.connect\(\("
    r"|\bmessage\.send\(\)"
)

# Called from threads that have a connection: each of these functions returns it first.
GUARDED = {
    "sessions_app/proxies/checker.py": {"sessions_app/store/proxy_check.py"},
    "notifications/webhooks/dns_guard.py": {"notifications/webhooks/dns_guard.py"},
    "locations/auth/adapter.py": {"locations/auth/adapter.py"},
    "operations/support_bundles/build.py": {"sessions_app/diagnostics/trial_connection.py"},
}
# They run on the event loop, or in threads that never query the database.
WITHOUT_DATABASE = {
    "notifications/webhooks/http_client.py",
    "notifications/mail/smtp_connection.py",
    "notifications/mail/outcomes.py",  # only names exceptions
    "sessions_app/gateway/engine_pool.py",
    "sessions_app/gateway/engine_process.py",
    "sessions_app/gateway/supervisor.py",  # only passes ``launch_engine`` on
    "core/background/resolver.py",
    "sessions_app/store/tls_relay.py",
}
# Health checks, each in a thread of its own; see ``sessions_app/diagnostics/runner.py``.
CHECKS = {
    "notifications/mail/health.py",
    "sessions_app/diagnostics/machine.py",
    "sessions_app/diagnostics/probes.py",
}


def test_it_knows_every_module_that_waits_for_the_network() -> None:
    found = modules_with(NETWORK, *APPS)
    guarded = set().union(*GUARDED.values())

    assert found - guarded - WITHOUT_DATABASE - CHECKS == set()
    assert (guarded | WITHOUT_DATABASE | CHECKS) - found == set()


@pytest.mark.parametrize("name", sorted(GUARDED))
def test_it_returns_the_connection_before_each_wait(name: str) -> None:
    assert "    before_network_wait()\n" in (PROJECT / name).read_text()
