"""The banner of an account that needs its owner's attention."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from locations.models import Account, AccountState
from locations.plans.banner import banner_for

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PAGES = ("/", "/numbers/", "/connect/", "/settings/plan/", "/settings/locations/")


def put(account: Account, state: AccountState, days_left: float | None = None) -> None:
    ends = None if days_left is None else timezone.now() + timedelta(days=days_left)
    Account.objects.filter(pk=account.pk).update(state=state, trial_ends_at=ends)


@pytest.mark.parametrize(
    ("state", "days_left", "says"),
    [
        (AccountState.ACTIVE, None, None),
        (AccountState.TRIAL, 10, None),
        (AccountState.TRIAL, 2, "Your trial ends on"),
        (AccountState.TRIAL, -1, "past due"),
        (AccountState.TRIAL, -4, "account is suspended"),
        (AccountState.PAST_DUE, None, "past due"),
        (AccountState.SUSPENDED, None, "account is suspended"),
    ],
)
def test_it_shows_the_account_state_on_every_page(
    alice: Client, account: Account, state: AccountState, days_left: float | None, says: str | None
) -> None:
    put(account, state, days_left)

    for address in PAGES:
        page = alice.get(address).content.decode()
        assert ("account-strip" in page) is (says is not None), address
        assert says is None or says in page, address


def test_it_advises_owners_and_other_members(
    alice: Client, vera: Client, charlie: Client, account: Account
) -> None:
    put(account, AccountState.SUSPENDED)

    assert "Ask your operator to resume it." in alice.get("/").content.decode()
    assert "Tell an owner of the account." in vera.get("/").content.decode()
    assert "account-strip" not in charlie.get("/").content.decode()


def test_it_names_the_day() -> None:
    banner = banner_for(AccountState.TRIAL, NOON + timedelta(days=3), NOON, owns=True)

    assert banner is not None
    assert banner.text == "Your trial ends on 25 November."


def test_it_costs_no_query(alice: Client, account: Account) -> None:
    alice.get("/connect/")
    with CaptureQueriesContext(connection) as without:
        alice.get("/connect/")
    put(account, AccountState.SUSPENDED)
    with CaptureQueriesContext(connection) as with_it:
        alice.get("/connect/")

    assert len(with_it) == len(without)
