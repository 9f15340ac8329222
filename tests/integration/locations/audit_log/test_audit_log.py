from __future__ import annotations

import codecs
import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from locations.audit import AccountVerb
from locations.models import Account, AuditEvent
from tests.factory import make_location, make_session

LOG = "/settings/audit-log/"
DOWNLOAD = f"{LOG}download/"
NOON = datetime(2026, 5, 17, 12, tzinfo=UTC)


def note(account: Account, **columns: Any) -> AuditEvent:
    event: AuditEvent = AuditEvent.objects.create(
        **{"account": account, "actor": "alice@example.com", "verb": AccountVerb.INVITED, **columns}
    )
    return event


def targets(page: str) -> list[str]:
    """What the rows of a page were done to, from the first."""
    return [part.split("</bdi>", 1)[0] for part in page.split("</b> · <bdi>")[1:]]


@pytest.mark.parametrize("address", [LOG, DOWNLOAD])
def test_it_lets_only_owners_read_it(
    alice: Client, bob: Client, vera: Client, address: str
) -> None:
    assert [c.get(address).status_code for c in (alice, bob, vera)] == [200, 403, 403]


def test_it_shows_who_did_what_newest_first(
    alice: Client, bob: Client, charlie: Client, account: Account
) -> None:
    session = make_session(make_location(account, "Lisbon"))
    bob.post(reverse("session_restart", args=[session.pk]))
    alice.post(reverse("account_rename", args=[account.pk]), {"name": "Harbour & Sons"})

    page = alice.get(LOG).text

    assert targets(page) == ["Harbour &amp; Sons", "Lisbon"]
    assert "Restarted a number" in page
    assert "bob@example.com" in page
    assert "127.0.0.1" in page
    assert "Lisbon" not in charlie.get(LOG).text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, ["dora", "emil", "flora"]),
        ({"who": "bob@example.com"}, ["emil"]),
        ({"what": "member_removed"}, ["flora"]),
        ({"since": "2026-05-17"}, ["dora", "emil"]),
        ({"until": "2026-05-17"}, ["emil", "flora"]),
        ({"since": "2026-05-17", "until": "2026-05-17"}, ["emil"]),
        ({"q": "MIL"}, ["emil"]),
        ({"q": "nobody"}, []),
        ({"who": "alice@example.com", "what": "invited"}, ["dora"]),
    ],
)
def test_it_filters_by_all_fields(
    alice: Client, account: Account, asked: dict[str, str], found: list[str]
) -> None:
    note(account, target="dora", at=NOON + timedelta(hours=12))  # the next day begins
    note(account, target="emil", at=NOON, actor="bob@example.com")
    note(account, target="flora", at=NOON - timedelta(days=1), verb=AccountVerb.MEMBER_REMOVED)

    assert targets(alice.get(LOG, asked).text) == found
    text = alice.get(DOWNLOAD, asked).getvalue().decode("utf-8-sig")
    assert [row["to"] for row in csv.DictReader(io.StringIO(text))] == found


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"since": "yesterday"}, "Enter a valid date."),
        ({"since": "2026-13-45"}, "Enter a valid date."),
        ({"since": "2026-05-02", "until": "2026-05-01"}, "This day is before the first one."),
        ({"who": "eve@example.com"}, "Select a valid choice."),
        ({"what": "' OR 1=1"}, "Select a valid choice."),
        ({"q": "a" * 161}, "at most 160 characters"),
        ({"q": "\x00"}, "Null characters are not allowed"),
    ],
)
def test_it_explains_an_invalid_filter_beside_its_field(
    alice: Client, account: Account, asked: dict[str, str], says: str
) -> None:
    note(account)

    answer = alice.get(LOG, asked)

    assert answer.status_code == 422
    assert says in answer.text
    assert alice.get(DOWNLOAD, asked).status_code == 302


def test_it_has_fifty_rows_a_page(
    alice: Client, account: Account, django_assert_max_num_queries: Any
) -> None:
    for number in range(51):
        note(account, target=f"person {number}", at=NOON + timedelta(minutes=number))

    with django_assert_max_num_queries(12):
        first = alice.get(LOG).text
    second = alice.get(LOG, {"page": "2"}).text

    assert targets(first) == [f"person {number}" for number in range(50, 0, -1)]
    assert targets(second) == ["person 0"]
    assert "Page 1 of 2" in first
    for page in ("0", "99", "x", "-1"):
        assert alice.get(LOG, {"page": page}).status_code == 200


def test_it_shows_user_input_as_plain_text(alice: Client, account: Account) -> None:
    note(account, target="<script>alert(1)</script>", actor="=cmd()|' /C calc'!A0")

    assert "<script>alert(1)" not in alice.get(LOG).text
    (row,) = csv.DictReader(io.StringIO(alice.get(DOWNLOAD).getvalue().decode("utf-8-sig")))
    assert row["who"] == "'=cmd()|' /C calc'!A0"


def test_it_downloads_numbers_of_locations_unchanged(alice: Client, account: Account) -> None:
    note(account, target="+351912345678", detail="+351912345678")

    content = alice.get(DOWNLOAD).getvalue()

    assert content.startswith(codecs.BOM_UTF8)
    (row,) = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    assert (row["to"], row["detail"]) == ("+351912345678", "'+351912345678")


def test_it_shows_an_unknown_verb_unchanged(alice: Client, account: Account) -> None:
    note(account, verb="flew_away")

    assert "flew_away" in alice.get(LOG).text
