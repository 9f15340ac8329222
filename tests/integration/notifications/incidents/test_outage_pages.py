"""The banner for affected customers during an outage, and the admin pages for operators."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from locations.models import Account, User
from notifications.models import Outage
from tests.factory import connect, make_account, make_incident, make_user

pytestmark = pytest.mark.django_db
BANNER = "Many numbers are down"


@pytest.fixture(autouse=True)
def _plain_files(settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def outage() -> Outage:
    began = timezone.now() - timedelta(minutes=5)
    return Outage.objects.create(began_at=began, most=20, accounts=4)


def page_of(user: User, path: str = "/numbers/") -> str:
    client = Client()
    client.force_login(user)
    return client.get(path).content.decode()


def member_of(account: Account, name: str) -> User:
    return make_user(name, account)


def test_it_shows_a_banner_to_affected_accounts(outage: Outage) -> None:
    account = make_account()
    alice = member_of(account, "alice")
    make_incident(connect(account, "Lisbon"), outage=outage)
    assert BANNER in page_of(alice)

    outage.ended_at = timezone.now()
    outage.save()

    assert BANNER not in page_of(alice)


def test_it_shows_no_banner_to_other_accounts(outage: Outage) -> None:
    make_incident(connect(make_account("Other"), "Porto"), outage=outage)
    charlie = member_of(make_account("Stranger"), "charlie")

    assert BANNER not in page_of(charlie)


def test_it_lists_outages_and_incidents_in_the_admin(outage: Outage) -> None:
    operator = User.objects.create_superuser("op@example.com")
    session = connect(make_account(), "Lisbon")
    two_days = timezone.now() - timedelta(days=2)
    make_incident(session, outage=outage, told_at=two_days, opened_at=two_days)

    wrong = page_of(operator, "/admin/wrong/")
    assert "20 numbers of 4 accounts went down together" in wrong
    assert "lost for more than a day, members notified" in wrong
    assert "Lisbon" in page_of(operator, "/admin/notifications/incident/")
    assert page_of(operator, f"/admin/notifications/outage/{outage.pk}/change/")


def test_it_filters_incidents_and_omits_successful_links() -> None:
    operator = User.objects.create_superuser("op@example.com")
    account, now = make_account(), timezone.now()
    make_incident(connect(account, "Lisbon"), told_at=now)
    make_incident(connect(account, "Porto"))
    make_incident(connect(account, "Faro"), ended_at=now, ending="ready")
    make_incident(connect(account, "Braga"), began_with="pairing", ended_at=now, ending="ready")

    def listed(state: str) -> set[str]:
        page = page_of(operator, f"/admin/notifications/incident/?state={state}")
        return {name for name in ("Lisbon", "Porto", "Faro", "Braga") if name in page}

    assert listed("open") == {"Lisbon", "Porto"}
    assert listed("told") == {"Lisbon"}
    assert listed("ended") == {"Faro"}
    assert listed("") == {"Lisbon", "Porto", "Faro"}
