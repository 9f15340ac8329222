"""What costs something is limited on pages, in bulk, by API and in the admin together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from locations.models import Account, Location, User
from locations.plans.action_limits import ActionLimit
from sessions_app.lifecycle import Status
from sessions_app.models import ConnectLink, Session, SupportBundle
from tests.factory import connect, make_session
from tests.integration.locations.rest.conftest import Caller, assert_problem, make_key
from tests.integration.sessions_app.pages.conftest import SignIn

pytestmark = pytest.mark.django_db


def most(limit: ActionLimit) -> int:
    return limit.value.most


RESTARTS = most(ActionLimit.RESTARTS_OF_SESSION)
SENTENCE = f"A number can be restarted at most {RESTARTS} times in 10 minutes. Try again in "


@pytest.fixture
def caller(account: Account) -> Caller:
    account.own_max_api_calls_a_minute = 10_000
    account.save()
    return Caller(make_key(account))


@pytest.fixture
def olivia(db: None, sign_in: SignIn) -> Client:
    return sign_in(User.objects.create_superuser("olivia@example.com", "long enough 4 olivia"))


def attempts(session: Session) -> int:
    session.refresh_from_db()
    return session.wanted_attempt


def use_up(times: int, act: Callable[[], Any]) -> None:
    for _ in range(times):
        act()


def test_it_counts_restarts_wherever_they_come_from(
    alice: Client, olivia: Client, caller: Caller, session: Session
) -> None:
    page = reverse("session_restart", args=[session.pk])
    bulk = {"sessions": str(session.pk)}
    admin = {"action": "restart", "_selected_action": str(session.pk)}
    use_up(RESTARTS, lambda: alice.post(page))
    done = attempts(session)

    assert SENTENCE in alice.post(page, follow=True).text
    listed = alice.post(reverse("numbers_restart"), bulk, follow=True).text
    assert f"Not restarted: one number. {SENTENCE}" in listed
    answer = caller.post(f"/sessions/{session.pk}/restart/")
    assert SENTENCE in assert_problem(answer, 429, "too_many_requests")["detail"]
    assert 1 <= int(answer.headers["Retry-After"]) <= 1_200
    changes = reverse("admin:sessions_app_session_changelist")
    assert SENTENCE in olivia.post(changes, admin, follow=True).text
    assert attempts(session) == done == 1 + RESTARTS


def test_it_limits_each_number_by_itself(alice: Client, session: Session) -> None:
    other = connect(session.account, "Porto")
    use_up(RESTARTS + 1, lambda: alice.post(reverse("session_restart", args=[session.pk])))

    alice.post(reverse("session_restart", args=[other.pk]))

    assert attempts(other) == 2


def test_it_limits_new_names_like_restarts(alice: Client, location: Location) -> None:
    session = make_session(location, Status.QR)
    url = reverse("session_name", args=[session.pk])
    use_up(RESTARTS, lambda: alice.post(url, {"name": "Front desk"}))

    page = alice.post(url, {"name": "Back office"})

    assert page.status_code == 422
    assert SENTENCE in page.text
    assert 'value="Back office"' in page.text
    session.refresh_from_db()
    assert session.device_name == "Front desk"


def test_it_limits_new_connections_of_a_location(
    alice: Client, caller: Caller, location: Location
) -> None:
    url, chosen = reverse("connect"), {"location": str(location.pk)}
    for _ in range(most(ActionLimit.CONNECTIONS_OF_LOCATION)):
        alice.post(url, chosen)
        Session.objects.update(wanted="unlinked")
    before = Session.objects.count()

    page = alice.post(url, chosen)
    answer = caller.post("/sessions/", chosen)

    assert page.status_code == 422
    assert "at most 10 new connections in 10 minutes. Try again in" in page.text
    assert_problem(answer, 429, "too_many_requests")
    assert Session.objects.count() == before == 10


def test_it_reports_a_busy_location_however_often(caller: Caller, session: Session) -> None:
    body = {"location": str(session.location_id)}
    for _ in range(most(ActionLimit.CONNECTIONS_OF_LOCATION) + 2):
        assert_problem(caller.post("/sessions/", body), 409, "location_busy")


def test_it_limits_pairing_codes(alice: Client, caller: Caller, location: Location) -> None:
    session = make_session(location, Status.QR)
    url, phone = reverse("session_pairing", args=[session.pk]), {"phone": "+351911234567"}
    use_up(most(ActionLimit.PAIRING_CODES_OF_SESSION), lambda: alice.post(url, phone))

    page = alice.post(url, phone)
    answer = caller.post(f"/sessions/{session.pk}/pairing-code/", phone)

    assert page.status_code == 422
    assert "at most 5 pairing codes in 10 minutes. Try again in" in page.text
    assert_problem(answer, 429, "too_many_requests")


def test_it_limits_one_time_links(alice: Client, location: Location) -> None:
    url, lifetime = reverse("location_links", args=[location.pk]), {"lifetime": "1h"}
    use_up(most(ActionLimit.CONNECT_LINKS_OF_LOCATION), lambda: alice.post(url, lifetime))

    alice.get(url)  # shows the last link
    page = alice.post(url, lifetime)

    assert page.status_code == 422
    assert "at most 20 links per hour. Try again in" in page.text
    assert ConnectLink.objects.count() == 20


def test_it_limits_support_bundles(alice: Client, session: Session) -> None:
    url = reverse("session_bundle", args=[session.pk])
    for _ in range(most(ActionLimit.BUNDLES_OF_ACCOUNT)):
        alice.post(url)
        SupportBundle.objects.update(state="ready")
    before = SupportBundle.objects.count()

    of_number = alice.post(url, follow=True)
    of_all = alice.post(reverse("support"), follow=True)

    assert "at most 10 support bundles per hour. Try again in" in of_number.text
    assert "at most 10 support bundles per hour. Try again in" in of_all.text
    assert SupportBundle.objects.count() == before == 10


def test_it_limits_the_bundles_of_operators(olivia: Client, session: Session) -> None:
    url, typed = reverse("admin:sessions_app_supportbundle_add"), {"session": "", "lines": "321"}
    use_up(most(ActionLimit.BUNDLES_OF_OPERATOR), lambda: olivia.post(url, typed))
    before = SupportBundle.objects.count()

    page = olivia.post(url, typed)

    assert "at most 30 support bundles per hour. Try again in" in page.text
    assert 'value="321"' in page.text
    assert SupportBundle.objects.count() == before == 30
