"""The IP address in the audit log is the client's, behind any number of proxies."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from locations.models import Account, AuditEvent

PROXY, CLIENT, FORGED = "10.0.0.1", "203.0.113.9", "6.6.6.6"


def _address(client: Client, account: Account, forwarded: str) -> str | None:
    """Return the address that is recorded for a request through a proxy."""
    answer = client.post(
        reverse("account_rename", args=[account.pk]),
        {"name": "Harbour Group 2"},
        REMOTE_ADDR=PROXY,
        headers={"X-Forwarded-For": forwarded} if forwarded else {},
    )
    assert answer.status_code == 302
    return AuditEvent.objects.get(account=account).address


@pytest.mark.parametrize(
    ("proxies", "forwarded", "recorded"),
    [
        (0, CLIENT, PROXY),
        (1, "", PROXY),
        (1, CLIENT, CLIENT),
        (1, f"{FORGED}, {CLIENT}", CLIENT),
        (2, f"{FORGED}, {CLIENT}, 10.0.0.2", CLIENT),
    ],
)
def test_it_records_the_address_that_proxies_report(
    alice: Client, account: Account, settings: Settings,
    proxies: int, forwarded: str, recorded: str,
) -> None:  # fmt: skip
    settings.TRUSTED_PROXIES = proxies

    assert _address(alice, account, forwarded) == recorded
