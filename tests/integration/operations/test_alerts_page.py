"""The operators' page of alerts, most urgent first."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from core.health import operator_alerts
from core.health.operator_alerts import Alert
from core.health.severity import Severity
from locations.models import Account, AccountState, Location, User
from notifications.models import Webhook
from sessions_app.lifecycle import Reason, Status
from sessions_app.models import Gateway, Session
from tests.factory import make_account, make_location, make_session, make_user

pytestmark = pytest.mark.django_db
PAGE = "/admin/wrong/"


@pytest.fixture(autouse=True)
def _plain_files(settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def operator(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("op@example.com"))
    return client


@pytest.fixture
def _alive(db: None) -> None:
    now = timezone.now()
    engine = {"kind": "running", "pid": 7, "sessions": 0, "starts": 0, "rss_mb": 90}
    Gateway.objects.create(
        owner="g", host="web-1", pid=7, started_at=now, heartbeat_at=now, engines=[engine]
    )


@pytest.fixture
def add_source() -> Iterator[Callable[[str, operator_alerts.AlertSource], None]]:
    before = dict(operator_alerts._SOURCES)
    yield operator_alerts.register_alerts
    operator_alerts._SOURCES.clear()
    operator_alerts._SOURCES.update(before)


def text_of(operator: Client) -> str:
    answer = operator.get(PAGE)
    assert answer.status_code == 200
    return str(answer.content.decode())


def _may_see_sessions() -> Permission:
    return Permission.objects.get(codename="view_session", content_type__app_label="sessions_app")


def make_down(account: Account, reason: Reason, **columns: Any) -> Session:
    return make_session(
        make_location(account, str(reason)), Status.DISCONNECTED, reason=reason, **columns
    )


@pytest.mark.usefixtures("_alive")
def test_it_sorts_by_urgency_and_links_next_steps(operator: Client) -> None:
    account = make_account("Harbour Group")
    make_down(account, Reason.LOGGED_OUT)
    make_down(account, Reason.STORAGE_FULL)
    paused = make_account("Late Ltd", state=AccountState.SUSPENDED)
    ending = timezone.now() + timedelta(days=2)
    make_account("New Ltd", state=AccountState.TRIAL, trial_ends_at=ending)

    text = text_of(operator)

    places = [text.index(words) for words in ("disk is full", "removed on the phone", "New Ltd")]
    assert places == sorted(places)
    assert f"/admin/locations/account/{paused.pk}/change/" in text
    link = "/admin/sessions_app/session/?status__exact=disconnected&amp;reason=logged_out"
    assert link in text
    followed = operator.get(link.replace("&amp;", "&")).content.decode()
    assert "logged_out" in followed and "1 WhatsApp session" not in followed


@pytest.mark.usefixtures("_alive")
def test_it_leaves_out_normal_states(operator: Client) -> None:
    account = make_account("Harbour Group")
    for reason in (Reason.QR_EXPIRED, Reason.USER_DISCONNECT, Reason.SUSPENDED_BILLING):
        make_down(account, reason)

    text = text_of(operator)

    assert "codes ran out" not in text and "Stopped by you" not in text
    assert "account is suspended" not in text


def test_it_reports_that_no_gateway_runs(operator: Client) -> None:
    make_session(make_location(), lease_owner="", lease_expires_at=None, since=timezone.now())

    assert "manage.py serve" in text_of(operator)


def test_it_reports_a_source_of_alerts_that_fails(
    operator: Client, add_source: Callable[[str, operator_alerts.AlertSource], None]
) -> None:
    def broken() -> list[Alert]:
        raise RuntimeError("secret of the insides")

    add_source("webhooks", lambda: [Alert(Severity.ERROR, "a webhook", "is dead", "Write.", "/x/")])
    add_source("broken things", broken)

    text = text_of(operator)

    assert "is dead" in text and 'href="/x/"' in text
    assert "cannot be checked: RuntimeError" in text
    assert "secret of the insides" not in text


@pytest.mark.usefixtures("_alive")
def test_it_counts_webhooks_without_deliveries(operator: Client) -> None:
    account = make_account("Harbour Group")
    for died in (True, True, False):
        Webhook.objects.create(
            account=account, url="https://example.com/hook", enabled=not died, died=died
        )

    text = text_of(operator)

    assert "2 webhooks" in text
    assert "example.com/hook" not in text
    link = "/admin/notifications/webhook/?died__exact=1"
    assert link in text
    assert operator.get(link).status_code == 200


def test_it_is_for_operators_who_may_see_all_sessions(client: Client) -> None:
    user = make_user("staff")
    client.force_login(user)
    assert client.get(PAGE).status_code == 302
    User.objects.update(is_staff=True)
    assert client.get(PAGE).status_code == 403
    user.user_permissions.add(_may_see_sessions())
    assert client.get(PAGE).status_code == 200
    assert PAGE in client.get("/admin/").content.decode()


def test_it_needs_constant_queries_for_a_thousand_sessions(
    operator: Client,
) -> None:
    def fill(name: str, count: int) -> None:
        account = make_account(name)
        places = Location.objects.bulk_create(
            [Location(account=account, name=f"{name} {n}") for n in range(count)]
        )
        reasons = [Reason.LOGGED_OUT, Reason.TEMP_BAN, Reason.STORAGE_FULL, Reason.UNREACHABLE]
        Session.objects.bulk_create(
            Session(
                account=account,
                location=place,
                status=Status.DISCONNECTED,
                reason=reasons[number % len(reasons)],
            )
            for number, place in enumerate(places)
        )

    fill("Few", 8)
    text_of(operator)
    with CaptureQueriesContext(
        connection,
    ) as few:
        text_of(operator)
    fill("Many", 992)
    for number in range(50):
        make_account(f"Late {number}", state=AccountState.PAST_DUE)

    began = time.thread_time()  # ours, however busy the machine is
    with CaptureQueriesContext(connection) as many:
        text = text_of(operator)
    seconds = time.thread_time() - began

    assert len(many) == len(few)
    assert seconds < 1
    assert "250 numbers" in text
    assert "30 more like these" in text
