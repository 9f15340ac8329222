from __future__ import annotations

from typing import Any

from locations.models import Account
from sessions_app.models import Session
from tests.factory import make_location
from tests.integration.locations.rest.conftest import Caller


def test_it_lists_the_own_locations_by_name(
    caller: Caller, account: Account, foreign: Session
) -> None:
    porto, lisbon = make_location(account, "Porto"), make_location(account, "Lisbon")

    body = caller.get("/locations/").json()

    assert [row["id"] for row in body["results"]] == [str(lisbon.pk), str(porto.pk)]
    assert body["results"][0]["name"] == "Lisbon"
    assert (body["next"], body["previous"]) == (None, None)


def test_it_needs_two_queries_for_any_number_of_locations(
    caller: Caller, account: Account, django_assert_num_queries: Any
) -> None:
    for number in range(5):
        make_location(account, f"Location {number}")

    with django_assert_num_queries(2):
        caller.get("/locations/")


def test_it_reaches_every_location_exactly_once_by_pages(caller: Caller, account: Account) -> None:
    for number in range(120):
        make_location(account, f"Location {number // 60}")

    seen, address = [], "/locations/"
    while address:
        body = caller.get(address).json()
        seen += [row["id"] for row in body["results"]]
        address = body["next"]

    assert len(seen) == len(set(seen)) == 120
