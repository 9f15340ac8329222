"""The list of notices of the current account, and the number of unread ones."""

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
    """Send notices about numbers at ``places``."""
    for place in places:
        make_notice(connect(account, place), kind, **more)
    gather(timezone.now())


def shown(client: Client, path: str = "/") -> str:
    """Return the text of the link to the notices for screen readers."""
    page = client.get(path).content.decode()
    found = re.search(r'<a id="unread".*?<b class="unseen">(.*?)</b>', page, re.DOTALL)
    assert found is not None, page
    return found[1]


def test_it_counts_sent_and_unread_notices(alice: Client, bob: Client, home: Account) -> None:
    tell(home, "Lisbon", "Porto")
    make_notice(connect(home, "Faro"), tell_at=timezone.now() + timedelta(hours=1))  # not yet

    assert shown(alice) == shown(bob) == "Notices: 2 unread"


def test_it_counts_up_to_nine_unread_notices(alice: Client, home: Account) -> None:
    tell(home, *(f"Place {number}" for number in range(9)))
    assert shown(alice) == "Notices: 9 unread"

    tell(home, "One more")
    assert shown(alice) == "Notices: 9+ unread"


def test_it_marks_notices_as_read_for_one_user(alice: Client, vera: Client, home: Account) -> None:
    tell(home, "Lisbon")

    assert "New" in vera.get("/notices/").content.decode()

    assert (shown(vera), shown(alice)) == ("Notices", "Notices: 1 unread")
    assert ">New<" not in vera.get("/notices/").content.decode()
    tell(home, "Porto")
    assert shown(vera) == "Notices: 1 unread"


def test_it_marks_nothing_as_read_on_a_head_request(alice: Client, home: Account) -> None:
    tell(home, "Lisbon")

    alice.head("/notices/")

    assert shown(alice) == "Notices: 1 unread"


def test_it_counts_notices_sent_after_the_last_visit(alice: Client, home: Account) -> None:
    earlier = timezone.now() - timedelta(minutes=4)
    tell(home, "Lisbon")
    alice.get("/notices/")

    tell(home, "Porto", at=earlier)

    assert shown(alice) == "Notices: 1 unread"


def test_it_ignores_notices_from_before_the_member_joined(home: Account, bob: Client) -> None:
    tell(home, "Lisbon")
    Member.objects.update(created_at=timezone.now() + timedelta(seconds=1))

    assert shown(bob) == "Notices"
    assert "Lisbon" in bob.get("/notices/").content.decode()


def test_it_hides_notices_of_other_accounts(charlie: Client, home: Account) -> None:
    tell(home, "Lisbon")

    assert shown(charlie) == "Notices"
    assert "Lisbon" not in charlie.get("/notices/").content.decode()


def test_it_lists_notices_of_the_current_account(
    alice: Client, home: Account, django_user_model: type[User]
) -> None:
    other = make_account("Other Group")
    user = django_user_model.objects.get(email="alice@example.com")
    Member.objects.create(account=other, user=user, role="owner")
    tell(other, "Oslo")
    assert shown(alice) == "Notices"

    alice.post(f"/accounts/{other.pk}/switch/")

    assert shown(alice) == "Notices: 1 unread"


def test_it_hides_notices_for_owners_from_members(
    alice: Client, bob: Client, home: Account
) -> None:
    facts = {"change": "suspended", "ends_at": ""}
    tell(home, "Lisbon", kind=NoticeKind.PLAN, facts=facts, **WITHOUT_SESSION)

    assert (shown(alice), shown(bob)) == ("Notices: 1 unread", "Notices")
    assert "suspended: its numbers are paused" in alice.get("/notices/").content.decode()
    assert "suspended: its numbers are paused" not in bob.get("/notices/").content.decode()


def test_it_hides_notices_for_another_user(alice: Client, bob: Client, home: Account) -> None:
    user = Member.objects.get(user__email="bob@example.com").user
    facts = {"bundle": "x", "expires_at": "", "size": 1}
    kind = NoticeKind.BUNDLE_READY
    tell(home, "Lisbon", kind=kind, facts=facts, user=user, **WITHOUT_SESSION)

    assert (shown(alice), shown(bob)) == ("Notices", "Notices: 1 unread")


def test_it_lists_the_latest_first_with_links(alice: Client, home: Account) -> None:
    tell(home, "Lisbon", at=timezone.now() - timedelta(days=1))
    tell(home, "Porto")
    gone = Notice.objects.get(facts__location="Lisbon")
    connected = Notice.objects.get(facts__location="Porto")
    home.sessions.get(location__name="Lisbon").delete()

    page = alice.get("/notices/").content.decode()

    assert page.index("Porto lost its connection") < page.index("Lisbon lost its connection")
    assert f'href="/sessions/{connected.session_id}/"' in page
    assert str(gone.session_id) not in page


def test_it_filters_by_location_and_kind(alice: Client, home: Account) -> None:
    tell(home, "Lisbon", "Porto")
    tell(home, "Faro", kind=NoticeKind.RECOVERED)

    by_name = alice.get("/notices/?q=lis").content.decode()
    by_kind = alice.get("/notices/?kind=recovered").content.decode()
    nothing = alice.get("/notices/?q=Oslo").content.decode()

    assert "Lisbon lost" in by_name
    assert "Porto lost" not in by_name
    assert "Faro is connected again" in by_kind
    assert "lost" not in by_kind.split("<ol", 1)[1]
    assert "No notices match these filters." in nothing


@pytest.mark.parametrize("query", ["kind=nonsense", "page=x", "page=99", "q=" + "x" * 500])
def test_it_tolerates_invalid_query_parameters(alice: Client, home: Account, query: str) -> None:
    tell(home, "Lisbon")

    assert alice.get(f"/notices/?{query}").status_code in (200, 422)


def test_it_paginates_by_25(alice: Client, home: Account) -> None:
    session = connect(home, "Lisbon")
    for number in range(26):
        make_notice(session, facts={"location": f"Place {number:02}"})
    gather(timezone.now())

    first, second = (alice.get(f"/notices/?page={n}").content.decode() for n in (1, 2))

    lines = '<span class="at">'
    assert (first.count(lines), second.count(lines)) == (25, 1)
    assert "Page 1 of 2" in first


def test_it_explains_an_empty_list(alice: Client) -> None:
    assert (
        "When a number is linked, lost or connected again"
        in alice.get("/notices/").content.decode()
    )


def test_it_answers_a_poll_only_after_a_change(alice: Client, home: Account) -> None:
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

    with django_assert_num_queries(4):  # login, user, memberships, unread notices
        alice.get("/notices/bell/")
