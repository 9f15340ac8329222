"""The bell: what one has not read of the news of the account that he looks at."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from locations.models import Account, Member, User
from notifications.kinds import NoticeKind
from notifications.models import Notice
from notifications.notices.dispatch import gather
from tests.factory import connect, make_account, make_notice

WITHOUT_SESSION = {"session_id": None, "location_id": None}


def tell(account: Account, *places: str, kind: NoticeKind = NoticeKind.LOST, **more: Any) -> None:
    """Notices about numbers at ``places``, gathered."""
    for place in places:
        make_notice(connect(account, place), kind, **more)
    gather(timezone.now())


def shown(client: Client, path: str = "/") -> str:
    """What the bell on a page says to those who cannot see it."""
    page = client.get(path).content.decode()
    found = re.search(r'<a id="bell".*?<b class="unseen">(.*?)</b>', page, re.DOTALL)
    assert found is not None, page
    return found[1]


def test_it_counts_what_was_told_and_not_read(alice: Client, bob: Client, home: Account) -> None:
    tell(home, "Lisbon", "Porto")
    make_notice(connect(home, "Faro"), tell_at=timezone.now() + timedelta(hours=1))  # not yet

    assert shown(alice) == shown(bob) == "Notices: 2 unread"


def test_it_counts_no_further_than_anybody_reads(alice: Client, home: Account) -> None:
    tell(home, *(f"Place {number}" for number in range(9)))
    assert shown(alice) == "Notices: 9 unread"

    tell(home, "One more")
    assert shown(alice) == "Notices: 9+ unread"


def test_opening_the_list_reads_them_for_one_person_only(
    alice: Client, vera: Client, home: Account
) -> None:
    tell(home, "Lisbon")

    assert "New" in vera.get("/notices/").content.decode()

    assert (shown(vera), shown(alice)) == ("Notices", "Notices: 1 unread")
    assert ">New<" not in vera.get("/notices/").content.decode()
    tell(home, "Porto")
    assert shown(vera) == "Notices: 1 unread"


def test_a_look_that_shows_nothing_reads_nothing(alice: Client, home: Account) -> None:
    tell(home, "Lisbon")

    alice.head("/notices/")

    assert shown(alice) == "Notices: 1 unread"


def test_it_counts_what_happened_before_and_was_told_after_the_last_look(
    alice: Client, home: Account
) -> None:
    earlier = timezone.now() - timedelta(minutes=4)
    tell(home, "Lisbon")
    alice.get("/notices/")

    tell(home, "Porto", at=earlier)

    assert shown(alice) == "Notices: 1 unread"


def test_what_was_told_before_one_joined_is_not_news(home: Account, bob: Client) -> None:
    tell(home, "Lisbon")
    Member.objects.update(created_at=timezone.now() + timedelta(seconds=1))

    assert shown(bob) == "Notices"
    assert "Lisbon" in bob.get("/notices/").content.decode()


def test_it_is_not_for_strangers(charlie: Client, home: Account) -> None:
    tell(home, "Lisbon")

    assert shown(charlie) == "Notices"
    assert "Lisbon" not in charlie.get("/notices/").content.decode()


def test_it_is_about_the_account_that_one_looks_at(
    alice: Client, home: Account, django_user_model: type[User]
) -> None:
    other = make_account("Other Group")
    user = django_user_model.objects.get(email="alice@example.com")
    Member.objects.create(account=other, user=user, role="owner")
    tell(other, "Oslo")
    assert shown(alice) == "Notices"

    alice.post(f"/accounts/{other.pk}/switch/")

    assert shown(alice) == "Notices: 1 unread"


def test_it_tells_members_nothing_that_is_for_owners(
    alice: Client, bob: Client, home: Account
) -> None:
    facts = {"change": "suspended", "ends_at": ""}
    tell(home, "Lisbon", kind=NoticeKind.PLAN, facts=facts, **WITHOUT_SESSION)

    assert (shown(alice), shown(bob)) == ("Notices: 1 unread", "Notices")
    assert "suspended: its numbers are paused" in alice.get("/notices/").content.decode()
    assert "suspended: its numbers are paused" not in bob.get("/notices/").content.decode()


def test_it_tells_nobody_what_is_for_one_person(alice: Client, bob: Client, home: Account) -> None:
    user = Member.objects.get(user__email="bob@example.com").user
    facts = {"bundle": "x", "expires_at": "", "size": 1}
    kind = NoticeKind.BUNDLE_READY
    tell(home, "Lisbon", kind=kind, facts=facts, user=user, **WITHOUT_SESSION)

    assert (shown(alice), shown(bob)) == ("Notices", "Notices: 1 unread")


def test_it_lists_the_latest_first_with_a_way_to_each_number(alice: Client, home: Account) -> None:
    tell(home, "Lisbon", at=timezone.now() - timedelta(days=1))
    tell(home, "Porto")
    gone = Notice.objects.get(facts__location="Lisbon")
    connected = Notice.objects.get(facts__location="Porto")
    home.sessions.get(location__name="Lisbon").delete()

    page = alice.get("/notices/").content.decode()

    assert page.index("Porto lost its connection") < page.index("Lisbon lost its connection")
    assert f'href="/sessions/{connected.session_id}/"' in page
    assert str(gone.session_id) not in page


def test_it_finds_a_location_and_a_kind(alice: Client, home: Account) -> None:
    tell(home, "Lisbon", "Porto")
    tell(home, "Faro", kind=NoticeKind.RECOVERED)

    by_name = alice.get("/notices/?q=lis").content.decode()
    by_kind = alice.get("/notices/?kind=recovered").content.decode()
    nothing = alice.get("/notices/?q=Oslo").content.decode()

    assert "Lisbon lost" in by_name
    assert "Porto lost" not in by_name
    assert "Faro is connected again" in by_kind
    assert "lost" not in by_kind.split("<ol", 1)[1]
    assert "Nothing fits these filters." in nothing


@pytest.mark.parametrize("query", ["kind=nonsense", "page=x", "page=99", "q=" + "x" * 500])
def test_it_survives_what_nobody_would_ask(alice: Client, home: Account, query: str) -> None:
    tell(home, "Lisbon")

    assert alice.get(f"/notices/?{query}").status_code in (200, 422)


def test_it_has_pages_of_25(alice: Client, home: Account) -> None:
    session = connect(home, "Lisbon")
    for number in range(26):
        make_notice(session, facts={"location": f"Place {number:02}"})
    gather(timezone.now())

    first, second = (alice.get(f"/notices/?page={n}").content.decode() for n in (1, 2))

    lines = '<span class="at">'
    assert (first.count(lines), second.count(lines)) == (25, 1)
    assert "Page 1 of 2" in first


def test_it_says_what_will_stand_there(alice: Client) -> None:
    assert "When a number is linked, lost or back again" in alice.get("/notices/").content.decode()


def test_the_poll_answers_only_when_there_is_something_new(alice: Client, home: Account) -> None:
    assert alice.get("/notices/bell/?shown=0").status_code == 204
    tell(home, "Lisbon")

    answer = alice.get("/notices/bell/?shown=0")

    assert "Notices: 1 unread" in answer.content.decode()
    assert alice.get("/notices/bell/?shown=1").status_code == 204


def test_it_costs_a_page_one_query(
    alice: Client, home: Account, django_assert_num_queries: Any
) -> None:
    tell(home, "Lisbon")
    alice.get("/notices/bell/")

    with django_assert_num_queries(4):  # login, user, memberships, and the bell
        alice.get("/notices/bell/")
