"""The overview: the summary, and the details below it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from conversations.models import Direction, MessageStatus
from locations.models import Account
from sessions_app.lifecycle import Event, Reason, Status, Wanted
from sessions_app.models import Session, SessionEvent
from tests.factory import connect, make_location, make_message

URL = "/"


def tell(session: Session, *story: tuple[timedelta, Event, Status, Reason]) -> None:
    """Write ``story`` (age, event, status and reason) into the timeline."""
    old = Status.INITIALIZING
    for version, (ago, event, status, reason) in enumerate(story, 1):
        SessionEvent.objects.create(
            session=session,
            at=timezone.now() - ago,
            event=event,
            old_status=old,
            new_status=status,
            reason=reason,
            actor="WhatsApp",
            version=version,
        )
        old = status


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["Lisbon"], "Your number is ready."),
        (["Lisbon", "Porto"], "Both numbers are ready."),
        (["Lisbon", "Porto", "Faro"], "All 3 numbers are ready."),
    ],
)
def test_it_says_first_that_all_is_well(
    alice: Client, account: Account, names: list[str], says: str
) -> None:
    for name in names:
        connect(account, name)

    assert says in alice.get(URL).text


def test_it_says_first_who_needs_somebody_and_why(alice: Client, account: Account) -> None:
    connect(account, "Lisbon")
    broken = connect(account, "Porto", Status.DISCONNECTED, reason=Reason.LOGGED_OUT)

    page = alice.get(URL).text

    assert "1 of 2 numbers needs you." in page
    assert "The link was removed on the phone" in page
    assert f'formaction="{reverse("session_restart", args=[broken.pk])}"' in page


def test_it_needs_no_action_for_a_stopped_number(alice: Client, account: Account) -> None:
    connect(account, "Lisbon")
    connect(
        account, "Porto", Status.DISCONNECTED, reason=Reason.USER_DISCONNECT, wanted=Wanted.STOPPED
    )

    assert "Your number is ready." in alice.get(URL).text


def test_it_trusts_no_ready_row_without_a_gateway(alice: Client, account: Account) -> None:
    connect(account, "Lisbon", lease_expires_at=timezone.now() - timedelta(seconds=1))

    page = alice.get(URL).text

    assert "Reconnecting" in page
    assert "Your number is ready." not in page


def test_it_counts_by_status_and_leads_to_each(alice: Client, account: Account) -> None:
    connect(account, "Lisbon")
    connect(account, "Porto", Status.QR)
    make_location(account, "Faro")

    page = alice.get(URL)

    assert [(chip.key, chip.count) for chip in page.context["counts"]] == [
        ("", 3),
        ("ready", 1),
        ("scan", 1),
        ("none", 1),
    ]
    assert 'href="/numbers/?status=scan"' in page.text


def test_it_counts_messages_of_fourteen_days(alice: Client, account: Account) -> None:
    session = connect(account, "Lisbon")
    noon = timezone.now().replace(hour=12)
    sent: list[tuple[int, dict[str, str]]] = [
        (0, {"status": MessageStatus.READ}),
        (1, {"status": MessageStatus.SENT}),
        (1, {"direction": Direction.IN, "status": MessageStatus.RECEIVED}),
        (1, {"status": MessageStatus.FAILED}),
        (13, {"direction": Direction.IN, "status": MessageStatus.RECEIVED}),
        (14, {"direction": Direction.IN, "status": MessageStatus.RECEIVED}),
    ]
    for days, columns in sent:
        make_message(session, created_at=noon - timedelta(days=days), **columns)

    page = alice.get(URL)

    counts = {
        bar.day.day: (bar.day.went_out, bar.day.came_in) for bar in page.context["chart"].bars
    }
    assert (counts[_day(noon, 0)], counts[_day(noon, 1)], counts[_day(noon, 13)]) == (
        (1, 0),
        (1, 1),
        (0, 1),
    )
    assert (len(counts), sum(map(sum, counts.values()))) == (14, 4)
    assert "<td>1</td>" in page.text  # the chart as a table, for screen readers


def _day(moment: datetime, back: int) -> object:
    return (moment - timedelta(days=back)).date()


def test_it_counts_no_messages_of_other_accounts(account: Account, charlie: Client) -> None:
    make_message(connect(account, "Lisbon"), status=MessageStatus.SENT)
    connect(Account.objects.get(name="Elsewhere"), "Faro")

    chart = charlie.get(URL).context["chart"]

    assert (chart.went_out, chart.came_in) == (0, 0)


def test_it_draws_how_steady_a_number_was(alice: Client, account: Account) -> None:
    session = connect(account, "Lisbon")
    tell(
        session,
        (timedelta(days=20), Event.CONNECTED, Status.READY, Reason.OK),
        (timedelta(days=11), Event.DROPPED, Status.INITIALIZING, Reason.RECONNECTING),
        (timedelta(days=10), Event.CONNECTED, Status.READY, Reason.OK),
    )

    number = alice.get(URL).context["uptime"][0]

    assert number.strip.percent in ("95 %", "94.99 %")  # the clock went on meanwhile
    assert "with interruptions" in number.strip.words


def test_it_pages_the_uptime_of_many_numbers(alice: Client, account: Account) -> None:
    for number in range(12):
        connect(account, f"Place {number:02}")

    first, second = alice.get(URL), alice.get(f"{URL}?uptime=2")

    assert [len(page.context["uptime"]) for page in (first, second)] == [10, 2]
    assert "1–10 of 12" in first.text


def test_it_tells_what_happened_last_in_plain_words(alice: Client, account: Account) -> None:
    tell(
        connect(account, "Lisbon"),
        (timedelta(hours=3), Event.CONNECTED, Status.READY, Reason.OK),
        (timedelta(seconds=60), Event.DROPPED, Status.INITIALIZING, Reason.RECONNECTING),
        (timedelta(seconds=52), Event.CONNECTED, Status.READY, Reason.OK),
    )
    tell(connect(account, "Porto"), (timedelta(hours=1), Event.CONNECTED, Status.READY, Reason.OK))

    told = [(item.location, item.entry.text) for item in alice.get(URL).context["recent"]]

    assert told == [
        ("Lisbon", "Reconnected after 8 s"),
        ("Lisbon", "The connection dropped"),
        ("Porto", "Connected"),
        ("Lisbon", "Connected"),
    ]


def test_it_folds_repeated_codes_into_one_entry(alice: Client, account: Account) -> None:
    codes = [(timedelta(minutes=9 - n), Event.QR_CODE, Status.QR, Reason.SCAN) for n in range(6)]
    tell(connect(account, "Lisbon", Status.QR), *codes)

    assert [item.entry.text for item in alice.get(URL).context["recent"]] == ["Showed a QR code"]


def test_it_shows_nothing_of_other_accounts(
    alice: Client, charlie: Client, account: Account
) -> None:
    tell(
        connect(account, "Lisbon", phone_number="+351912345678"),
        (timedelta(hours=3), Event.CONNECTED, Status.READY, Reason.OK),
    )

    page = charlie.get(URL).text

    assert "Lisbon" not in page
    assert "Add your first location" in page


def test_it_never_carries_a_code(alice: Client, account: Account) -> None:
    waiting = connect(account, "Lisbon", Status.QR, pairing_code="ABCD-EFGH")

    page = alice.get(URL).text

    assert waiting.qr_text not in page
    assert "ABCD-EFGH" not in page


def test_it_needs_as_many_queries_for_fifty_numbers(alice: Client, account: Account) -> None:
    counted = []
    for wanted in (5, 50):
        for number in range(Session.objects.count(), wanted):
            session = connect(account, f"Place {number:02}")
            make_message(session, status=MessageStatus.SENT)
            tell(session, (timedelta(days=3), Event.CONNECTED, Status.READY, Reason.OK))
        alice.get(URL)  # the first request records the user as seen
        counted.append(_queries(alice, URL))

    assert counted[0] == counted[1] <= 12


def _queries(client: Client, path: str) -> int:
    from django.db import connection

    with CaptureQueriesContext(connection) as asked:
        assert client.get(path).status_code == 200
    return len(asked)


def test_it_tells_an_account_without_numbers_how_to_begin(alice: Client, account: Account) -> None:
    make_location(account, "Faro")

    page = alice.get(URL).text

    assert "Link your first number" in page
    assert f'href="{reverse("connect")}"' in page


@pytest.mark.parametrize("path", [URL, "/numbers/"])
def test_it_leads_who_may_to_the_first_location(alice: Client, vera: Client, path: str) -> None:
    door = f'href="{reverse("location_new")}"'

    assert door in alice.get(path).text
    assert door not in vera.get(path).text
    assert "An owner or member of the account can add one." in vera.get(path).text


def test_it_says_when_there_were_no_messages(alice: Client, account: Account) -> None:
    connect(account, "Lisbon")

    page = alice.get(URL).text

    assert "No messages in the last 14 days." in page
    assert "The events of your numbers are listed here" in page


def test_it_marks_every_page_of_a_simulated_network(alice: Client, settings: Settings) -> None:
    assert "Simulated network" not in alice.get(URL).text

    settings.WHATSAPP_SIMULATOR = "/somewhere.json"

    assert "Simulated network" in alice.get(URL).text


@pytest.mark.parametrize("page", ["nonsense", "0", "-1", "99999999999999999999"])
def test_it_accepts_any_uptime_page_number(alice: Client, account: Account, page: str) -> None:
    connect(account, "Lisbon")

    assert alice.get(URL, {"uptime": page}).status_code == 200
