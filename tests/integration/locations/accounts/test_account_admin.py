"""Operators set plans, limits and states; the customer finds it in the audit log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from locations.models import Account, AccountState, AuditEvent, Plan, User
from locations.plans.account_state import GRACE
from tests.factory import make_account, make_location, make_plan, make_session, make_user

pytestmark = pytest.mark.django_db
LIST = "/admin/locations/account/"


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


def act(operator: Client, action: str, *accounts: Account, **more: str) -> str:
    ids = [str(account.pk) for account in accounts]
    data = {"action": action, "_selected_action": ids, **more}
    answer = operator.post(LIST, data, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


def change(operator: Client, account: Account, **fields: Any) -> None:
    """Save the page of ``account`` with ``fields`` typed anew."""
    address = reverse("admin:locations_account_change", args=[account.pk])
    form = operator.get(address).context["adminform"].form
    typed = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    for name, value in list(typed.items()):
        if name == "trial_ends_at":
            del typed[name]
            typed["trial_ends_at_0"], typed["trial_ends_at_1"] = value.date(), value.time()
    for inline in ("members", "locations"):
        typed |= {f"{inline}-TOTAL_FORMS": 0, f"{inline}-INITIAL_FORMS": 0}
    answer = operator.post(address, {**typed, **fields})
    assert answer.status_code == 302, answer.context["errors"]


def log() -> list[tuple[str, str]]:
    return list(AuditEvent.objects.order_by("pk").values_list("verb", "actor"))


def test_it_lists_plan_state_and_usage_beside_the_limits(operator: Client) -> None:
    account = make_account(plan=make_plan("Small", max_locations=2, max_sessions=5))
    make_user("alice", account)
    make_session(make_location(account))
    ended = timezone.now() - GRACE
    make_account("Old Ltd", state=AccountState.TRIAL, trial_ends_at=ended)

    text = operator.get(LIST).content.decode()

    assert "Small" in text and "1 of 2" in text and "1 of 5" in text
    assert "Suspended (trial ended)" in text


def test_it_lists_members_in_a_constant_number_of_queries(operator: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert operator.get(LIST).status_code == 200
        return len(asked)

    make_plan("Trial", is_default=True)
    plan = make_plan("Small", max_sessions=1)
    for number in range(3):
        make_session(make_location(make_account(f"A{number}", plan=plan)))
    few = queries()
    for number in range(20):
        make_session(make_location(make_account(f"B{number}", plan=plan)))
        Account.objects.create(name=f"Without a plan {number}")

    assert queries() == few


@pytest.mark.parametrize(
    ("query", "found"),
    [("q=harbour", True), ("q=alice@example", True), ("q=nobody", False),
     ("state__exact=active", True), ("state__exact=suspended", False)],
)  # fmt: skip
def test_it_finds_an_account_by_name_member_and_state(
    operator: Client, query: str, found: bool
) -> None:
    account = make_account("Harbour Group")
    make_user("alice", account)

    text = operator.get(f"{LIST}?{query}").content.decode()

    assert (str(account.pk) in text) is found


def test_it_confirms_and_records_a_suspension(operator: Client) -> None:
    account = make_account("Harbour Group")

    asked = act(operator, "suspend", account)
    account.refresh_from_db()
    assert "Suspend these accounts?" in asked and "Harbour Group" in asked
    assert account.state == AccountState.ACTIVE

    act(operator, "suspend", account, sure="yes")
    act(operator, "suspend", account, sure="yes")  # no news

    account.refresh_from_db()
    assert account.state == AccountState.SUSPENDED
    assert log() == [("account_suspended", "Operator op@example.com")]


def test_it_resumes_accounts_and_expired_trials(operator: Client) -> None:
    suspended = make_account("Late Ltd", state=AccountState.SUSPENDED)
    ended = timezone.now() - timedelta(days=9)
    over = make_account("Old Ltd", state=AccountState.TRIAL, trial_ends_at=ended)
    fine = make_account("Fine Ltd")

    text = act(operator, "resume", suspended, over, fine)

    assert "2 resumed" in text
    assert set(Account.objects.values_list("state", flat=True)) == {AccountState.ACTIVE}
    assert log() == [("account_resumed", "Operator op@example.com")] * 2


def test_it_records_a_change_of_terms(operator: Client) -> None:
    account = make_account("Harbour Group")
    plan = make_plan("Small")

    change(operator, account, plan=plan.pk, own_max_sessions=7)

    account.refresh_from_db()
    assert (account.plan, account.own_max_sessions) == (plan, 7)
    event = AuditEvent.objects.get()
    assert (event.verb, event.actor) == ("plan_changed", "Operator op@example.com")
    assert "plan: Small" in event.detail and "numbers: 7" in event.detail


def test_it_records_a_new_name_and_a_new_state(operator: Client) -> None:
    account = make_account("Harbour Group")

    change(operator, account, name="Harbour Two")
    change(operator, account, state="suspended")

    account.refresh_from_db()
    assert (account.name, account.state) == ("Harbour Two", "suspended")
    assert [verb for verb, _ in log()] == ["account_renamed", "account_suspended"]


def test_it_has_one_default_plan_that_stays(operator: Client) -> None:
    Plan.objects.update(is_default=False)
    old = make_plan("Old", is_default=True)
    new = make_plan("New")

    answer = operator.post(
        reverse("admin:locations_plan_change", args=[new.pk]),
        {"name": "New", "max_sessions": "5", "is_default": "on"},
    )

    assert answer.status_code == 302
    assert list(Plan.objects.filter(is_default=True)) == [new]
    delete = reverse("admin:locations_plan_delete", args=[new.pk])
    assert operator.post(delete, {"post": "yes"}).status_code == 403
    assert (
        operator.post(
            reverse("admin:locations_plan_delete", args=[old.pk]), {"post": "yes"}
        ).status_code
        == 302
    )
    assert not Plan.objects.filter(pk=old.pk).exists()


def test_it_keeps_a_plan_that_is_in_use(operator: Client) -> None:
    plan = make_account(plan=make_plan("Used")).plan
    assert plan is not None

    operator.post(reverse("admin:locations_plan_delete", args=[plan.pk]), {"post": "yes"})

    assert Plan.objects.filter(pk=plan.pk).exists()
