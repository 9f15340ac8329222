"""What accounts may have, read from the rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.db.models import ProtectedError

from locations.models import Account, AccountState, Location, Plan, Role
from locations.plans.entitlements import Limits, OverLimit, Resource, limits_of, require, usage_of
from sessions_app.actions import LocationBusy, create_session
from sessions_app.lifecycle import Status, Wanted
from sessions_app.models import Session
from tests.factory import make_account, make_location, make_plan, make_session, make_user
from tests.integration.at_once import meet, only_on_postgresql


@pytest.mark.django_db
def test_it_prefers_own_limits_to_those_of_the_plan() -> None:
    plan = make_plan("Small", max_locations=2, max_sessions=3, max_members=4)
    account = make_account(plan=plan, own_max_sessions=9, own_max_api_calls_a_minute=0)

    assert limits_of(account) == Limits(2, 9, 4, 0)


@pytest.mark.django_db
def test_it_uses_the_default_plan_for_other_accounts() -> None:
    Plan.objects.update(is_default=False)
    make_plan("Basic", is_default=True, max_locations=7)

    assert limits_of(Account.objects.create(name="New")).locations == 7


@pytest.mark.django_db
def test_it_uses_trial_limits_without_a_plan() -> None:
    account = Account.objects.create(name="New")
    Plan.objects.all().delete()

    assert limits_of(account) == Limits(3, 3, 3, 120)


@pytest.mark.django_db
def test_it_starts_a_fourteen_day_trial_on_sign_up() -> None:
    account = Account.objects.create(name="New")

    assert account.state == AccountState.TRIAL
    assert account.trial_ends_at is not None
    assert (account.trial_ends_at - account.created_at).days in (13, 14)


@pytest.mark.django_db
def test_it_protects_default_and_used_plans() -> None:
    used = make_account(plan=make_plan("Used")).plan
    default = make_plan("Basic")
    Plan.objects.update(is_default=False)
    default.is_default = True
    default.save()

    for plan in (used, default):
        with pytest.raises(ProtectedError):
            assert plan is not None
            plan.delete()


@pytest.mark.django_db
def test_it_counts_what_an_account_has_and_nobody_elses() -> None:
    account, other = make_account(), make_account("Elsewhere")
    make_user("alice", account, Role.OWNER)
    make_user("charlie", other, Role.OWNER)
    make_session(make_location(account, "A"))
    make_session(make_location(account, "B"), Status.DISCONNECTED, wanted=Wanted.UNLINKED)
    make_session(make_location(other, "C"))

    usage = usage_of(account)

    assert (usage.locations, usage.sessions, usage.members) == (2, 1, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("resource", [Resource.LOCATIONS, Resource.MEMBERS])
def test_it_refuses_what_is_over_the_limit(resource: Resource) -> None:
    plan = make_plan("Small", max_locations=1, max_members=1)
    account = make_account(plan=plan)
    require(account, resource)
    make_location(account)
    make_user("alice", account)

    with pytest.raises(OverLimit) as refused:
        require(account, resource)

    assert (refused.value.limit, refused.value.used) == (1, 1)
    assert "larger plan" in str(refused.value)


@pytest.mark.django_db
def test_it_reads_the_account_afresh() -> None:
    account = make_account()
    Account.objects.update(state=AccountState.SUSPENDED)

    with pytest.raises(OverLimit, match="suspended"):
        require(account, Resource.LOCATIONS)


@pytest.mark.django_db(transaction=True)
def test_it_must_be_asked_in_the_transaction_that_adds() -> None:
    with pytest.raises(transaction.TransactionManagementError):
        require(make_account(), Resource.LOCATIONS)


@pytest.mark.django_db
def test_it_loses_nothing_over_the_limit_of_sessions() -> None:
    account = make_account(plan=make_plan("Small", max_sessions=1))
    first, second = make_location(account, "A"), make_location(account, "B")
    session = create_session(first, by="alice")

    with pytest.raises(OverLimit, match="allows 1 number"):
        create_session(second, by="alice")
    with pytest.raises(LocationBusy):  # the nearer reason
        create_session(first, by="alice")

    assert list(Session.objects.all()) == [session]
    session.ask_unlink(by="alice")
    create_session(second, by="alice")


@pytest.mark.django_db(transaction=True)
@only_on_postgresql
@pytest.mark.parametrize("what", ["locations", "sessions"])
def test_it_never_exceeds_the_limit_with_concurrent_requests(what: str) -> None:
    account = make_account(plan=make_plan("Small", max_locations=3, max_sessions=1))
    first, second = make_location(account, "A"), make_location(account, "B")

    def add_location() -> None:
        with transaction.atomic():
            require(account, Resource.LOCATIONS)
            Location.objects.create(account=account, name="C")

    acts: list[Callable[[], Any]] = (
        [add_location, add_location]
        if what == "locations"
        else [
            lambda: create_session(first, by="alice"),
            lambda: create_session(second, by="bob"),
        ]
    )
    with pytest.raises(OverLimit):
        meet(*acts)

    assert Location.objects.count() == (3 if what == "locations" else 2)
    assert Session.objects.count() == (0 if what == "locations" else 1)
