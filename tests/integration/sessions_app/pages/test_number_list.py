"""The list of numbers: search, filters, order, pages, and one wish for many."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from locations.models import Account, AuditEvent
from sessions_app.audit_verbs import SessionVerb
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Session
from tests.factory import connect, make_account, make_location, make_session

URL = "/numbers/"
RESTART = "/numbers/restart/"


def names(client: Client, asked: str = "") -> list[str]:
    return [row["name"] for row in client.get(f"{URL}?{asked}").context["rows"]]


def test_it_shows_number_status_and_since(alice: Client, account: Account) -> None:
    session = connect(account, "Lisbon", phone_number="+351912345678")

    page = alice.get(URL).text

    assert "+351 912 345 678" in page
    assert session.since.isoformat(timespec="milliseconds") in page


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("q=lis", {"Lisbon"}),
        ("q=ÉVORA", {"Évora"}),
        ("q=912 345", {"Lisbon"}),
        ("status=ready", {"Lisbon"}),
        ("status=scan", {"Porto"}),
        ("status=none", {"Évora"}),
        ("status=ready&q=porto", set()),
        ("status=nonsense&sort=nonsense&page=nonsense", {"Lisbon", "Porto", "Évora"}),
    ],
)
def test_it_searches_and_filters(
    alice: Client, account: Account, asked: str, shown: set[str]
) -> None:
    connect(account, "Lisbon", phone_number="+351912345678")
    connect(account, "Porto", Status.QR)
    make_location(account, "Évora")

    assert set(names(alice, asked)) == shown


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("location", ["Évora", "Faro", "Lisbon", "Porto"]),
        ("-location", ["Porto", "Lisbon", "Faro", "Évora"]),
        ("number", ["Porto", "Lisbon", "Évora", "Faro"]),
        ("-number", ["Lisbon", "Porto", "Faro", "Évora"]),
        ("status", ["Porto", "Évora", "Lisbon", "Faro"]),
        ("since", ["Porto", "Évora", "Lisbon", "Faro"]),
        ("-since", ["Lisbon", "Évora", "Porto", "Faro"]),
    ],
)
def test_it_sorts_the_list_by_each_column(
    alice: Client, account: Account, sort: str, order: list[str]
) -> None:
    now = timezone.now()
    connect(account, "Lisbon", phone_number="+351922222222", since=now - timedelta(hours=1))
    connect(
        account,
        "Porto",
        Status.DISCONNECTED,
        reason=Reason.LOGGED_OUT,
        phone_number="+351911111111",
        since=now - timedelta(hours=3),
    )
    connect(account, "Évora", Status.QR, since=now - timedelta(hours=2))
    make_location(account, "Faro")

    assert names(alice, f"sort={sort}") == order


def test_it_sorts_by_a_column_and_reverses_it(alice: Client, account: Account) -> None:
    connect(account, "Lisbon")

    page = alice.get(f"{URL}?sort=-since&q=lis&status=ready").text

    assert (
        'aria-sort="descending"><a href="/numbers/?q=lis&amp;status=ready&amp;sort=since"' in page
    )
    assert page.count("aria-sort=") == 1
    assert 'href="/numbers/?q=lis&amp;status=ready&amp;sort=status"' in page


def test_it_counts_by_status_whatever_the_filter(alice: Client, account: Account) -> None:
    connect(account, "Lisbon")
    connect(account, "Porto", Status.QR)
    make_location(account, "Faro")

    chips = alice.get(f"{URL}?status=ready").context["chips"]

    assert [(chip.label, chip.count, chip.chosen) for chip, _ in chips] == [
        ("All", 3, False),
        ("Ready", 1, True),
        ("Scan the code", 1, False),
        ("Not connected", 1, False),
    ]


def test_it_shows_25_per_page_and_keeps_the_query(alice: Client, account: Account) -> None:
    for number in range(30):
        make_location(account, f"Place {number:02}")

    page = alice.get(f"{URL}?q=place&sort=-location")

    assert len(page.context["rows"]) == 25
    assert "?q=place&amp;sort=-location&amp;page=2" in page.text
    assert names(alice, "q=place&page=2") == [f"Place {number}" for number in range(25, 30)]


def test_it_shows_nothing_of_other_accounts(
    alice: Client, charlie: Client, account: Account
) -> None:
    connect(account, "Lisbon", phone_number="+351912345678")

    page = charlie.get(URL).text

    assert "Lisbon" not in page
    assert "Add your first location" in page


def test_it_never_carries_a_code(alice: Client, account: Account) -> None:
    waiting = connect(account, "Lisbon", Status.QR, pairing_code="ABCD-EFGH")

    page = alice.get(URL).text

    assert waiting.qr_text not in page
    assert "ABCD-EFGH" not in page


def test_it_needs_as_many_queries_for_fifty_rows(alice: Client, account: Account) -> None:
    counted = []
    for wanted in (5, 50):
        for number in range(Session.objects.count(), wanted):
            connect(account, f"Place {number:02}")
        alice.get(URL)  # the first request records the user as seen
        with CaptureQueriesContext(connection) as asked:
            alice.get(URL)
        counted.append(len(asked))

    assert counted[0] == counted[1] <= 8


def test_it_shows_the_location_of_an_unlinked_number(alice: Client, account: Account) -> None:
    gone = connect(
        account, "Lisbon", Status.DISCONNECTED, reason=Reason.UNLINKED, wanted=Wanted.UNLINKED
    )

    page = alice.get(URL).text

    assert "Not connected" in page
    assert str(gone.pk) not in page


def test_it_explains_a_search_without_results(alice: Client, account: Account) -> None:
    connect(account, "Lisbon")

    assert "Nothing matches “&lt;b&gt;”." in alice.get(URL, {"q": "<b>"}).text
    assert "No number has this status now." in alice.get(URL, {"status": "scan"}).text


def test_it_shows_no_checkboxes_to_viewers(vera: Client, account: Account) -> None:
    connect(account, "Lisbon")

    page = vera.get(URL).text

    assert 'type="checkbox"' not in page
    assert "Restart" not in page


def asked_again(session: Session) -> bool:
    before = session.wanted_attempt
    session.refresh_from_db()
    return session.wanted_attempt > before


def confirm(client: Client, *sessions: Session | uuid.UUID) -> str:
    ids = ",".join(str(getattr(session, "pk", session)) for session in sessions)
    return client.post(RESTART, {"sessions": ids}, follow=True).text


def test_it_asks_by_count_before_it_restarts(bob: Client, account: Account) -> None:
    chosen = [connect(account, name) for name in ("Lisbon", "Porto")]
    other = connect(account, "Faro")

    page = bob.get(RESTART, {"session": [str(session.pk) for session in chosen]})

    assert "Restart 2 numbers?" in page.text
    assert not any(asked_again(session) for session in [*chosen, other])


def test_it_restarts_the_shown_numbers_and_counts_them(bob: Client, account: Account) -> None:
    chosen = [connect(account, name) for name in ("Lisbon", "Porto")]
    other = connect(account, "Faro")

    text = confirm(bob, *chosen)

    assert "Restarting 2 numbers." in text
    assert [asked_again(session) for session in [*chosen, other]] == [True, True, False]
    logged = AuditEvent.objects.filter(verb=SessionVerb.SESSION_RESTARTED)
    assert set(logged.values_list("actor", "target")) == {
        ("bob@example.com", "Lisbon"),
        ("bob@example.com", "Porto"),
    }


def test_it_restarts_all_matches_of_every_page(bob: Client, account: Account) -> None:
    for number in range(30):
        connect(account, f"Place {number:02}")
    connect(account, "Elsewhere")

    page = bob.get(RESTART, {"all": "1", "q": "place"})

    assert "Restart 30 numbers?" in page.text
    assert len(page.context["ids"].split(",")) == 30


def test_it_says_how_many_were_not_restarted_and_why(bob: Client, account: Account) -> None:
    ready = connect(account, "Lisbon")
    gone = connect(
        account, "Porto", Status.DISCONNECTED, reason=Reason.UNLINKED, wanted=Wanted.UNLINKED
    )
    foreign = make_session(make_location(make_account("Others"), "Foreign"))

    text = confirm(bob, ready, gone, foreign, uuid.uuid4())

    assert "Restarting one number." in text
    assert "Not restarted: 2 numbers. It no longer exists." in text
    assert "Not restarted: one number. This number is unlinked." in text
    assert "Foreign" not in text
    assert not asked_again(foreign)


def test_it_ignores_foreign_numbers(charlie: Client, account: Account) -> None:
    session = connect(account, "Lisbon")

    answer = charlie.get(RESTART, {"session": str(session.pk)}, follow=True)

    assert "Lisbon" not in answer.text
    assert "First select the numbers that you want to restart." in answer.text


def test_it_restarts_nothing_for_a_viewer(vera: Client, account: Account) -> None:
    session = connect(account, "Lisbon")

    answer = vera.post(RESTART, {"sessions": str(session.pk)})

    assert answer.status_code == 403
    assert not asked_again(session)


def test_it_reports_an_empty_selection(bob: Client, account: Account) -> None:
    assert "No number was selected." in confirm(bob)
    assert "no longer exists" in bob.post(RESTART, {"sessions": "nonsense"}, follow=True).text


def test_it_comes_back_to_the_list_as_it_was(bob: Client, account: Account) -> None:
    session = connect(account, "Lisbon")

    answer = bob.post(
        RESTART, {"sessions": str(session.pk), "q": "lis", "sort": "-since", "page": "1"}
    )

    assert answer["Location"] == reverse("numbers") + "?q=lis&sort=-since&page=1"
