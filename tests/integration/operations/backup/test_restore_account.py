"""Restore one account, without changes to other rows."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db import models
from django.test.utils import isolate_apps

from locations.models import Account, Location, Member, Plan, Role, User
from notifications.models import Wish
from operations.backup.create import CreatedBackup
from operations.backup.restore import RestoreResult
from operations.backup.restore_account import RowWriter, restore_account
from operations.models import Installation
from tests.factory import connect, make_account, make_location, make_plan, make_session, make_user
from tests.integration.operations.backup.conftest import (
    KEY,
    MOVING,
    BackUp,
    Keys,
    assert_refused,
    delete,
    everything,
    linked,
    rows_of_everything,
    silent,
)

pytestmark = pytest.mark.django_db(transaction=True)


def account_back(made: CreatedBackup, name: str = "Ours") -> RestoreResult:
    return restore_account(made.path, KEY, name, silent)


def of(account: Account) -> dict[str, Any]:
    """Return the rows of an account, without automatic ids."""
    found = {}
    for label, rows in everything().items():
        mine = [row for row in rows if account.pk in row.values()]
        found[label] = sorted((_known(row, MOVING.get(label, set())) for row in mine), key=repr)
    return found


def _known(row: dict[str, Any], moving: set[str]) -> dict[str, Any]:
    dropped = moving | {"plan_id", "member_id"} | ({"id"} if isinstance(row["id"], int) else set())
    return {name: value for name, value in row.items() if name not in dropped}


# --- an account ----------------------------------------------------------------------------


def test_it_restores_an_account_and_changes_no_other(keys: Keys, back_up: BackUp) -> None:
    ours, theirs = make_account("Ours"), make_account("Theirs")
    rows_of_everything(ours), rows_of_everything(theirs)
    session, foreign = linked(ours, "Porto", keys), linked(theirs, "Faro", keys)
    before = of(ours)
    made = back_up()
    delete(ours)
    keys.path(session).unlink()
    make_session(make_location(theirs, "Since"))  # it takes automatic ids of our rows
    rows_of_everything(make_account("Newcomer"))
    others = _others(ours)

    done = account_back(made)

    after = of(ours)
    after["locations.AuditEvent"] = [
        row for row in after["locations.AuditEvent"] if row["verb"] != "account_restored"
    ]
    assert after == before
    assert _others(ours) == others
    assert Wish.objects.get(member__account=ours).kind == "lost"
    assert keys.mark(session) == keys.mark(foreign) == "first"
    assert done.accounts == ["Ours"] and done.keys == 1


def _others(ours: Account) -> dict[str, Any]:
    """Return every row that belongs neither to the account nor to its users."""
    members = set(Member.objects.filter(account=ours).values_list("pk", flat=True))
    return {
        label: [
            row
            for row in rows
            if ours.pk not in row.values()
            and not _is_of_user(row)
            and row.get("member_id") not in members
        ]
        for label, rows in everything().items()
        if label not in ("conversations.EarlyReceipt", "locations.ApiKey_locations")
    }


def _is_of_user(row: dict[str, Any]) -> bool:
    return "password" in row or "verified" in row


def test_it_restores_users_and_keeps_existing_ones(keys: Keys, back_up: BackUp) -> None:
    ours = make_account("Ours")
    alice, bob = make_user("alice", ours), make_user("bob", ours, Role.MEMBER)
    make_user("charlie", make_account("Theirs"))
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    made = back_up()
    delete(ours)
    User.objects.filter(pk__in=[alice.pk, bob.pk]).delete()
    again = make_user("bob")  # signed up again
    User.objects.filter(pk=again.pk).update(first_name="Robert")

    account_back(made)

    members = Member.objects.filter(account=ours)
    assert {(one.user.email, one.role) for one in members} == {
        ("alice@example.com", "owner"),
        ("bob@example.com", "member"),
    }
    back = User.objects.get(email="alice@example.com")
    assert back.pk == alice.pk and back.check_password("correct horse battery staple")
    assert not (back.is_staff or back.is_superuser)
    assert EmailAddress.objects.get(user=back).verified
    assert User.objects.get(email="bob@example.com").first_name == "Robert"
    assert User.objects.count() == 3 and EmailAddress.objects.count() == 3


def test_it_finds_the_plan_by_name_and_creates_none(keys: Keys, back_up: BackUp) -> None:
    kept = make_account("Ours", plan=make_plan("Pro", max_sessions=7))
    other = make_account("Other", plan=make_plan("Old"))
    made = back_up()
    delete(kept, other)
    Plan.objects.all().delete()
    here = make_plan("Pro", max_sessions=3)

    account_back(made)
    account_back(made, "Other")

    assert Account.objects.get(name="Ours").plan == here
    assert Account.objects.get(name="Other").plan is None
    assert Plan.objects.get().max_sessions == 3


def test_it_refuses_an_existing_or_unknown_account(keys: Keys, back_up: BackUp) -> None:
    make_account("Ours")
    make_account("Twice"), make_account("Twice")
    made = back_up()

    assert_refused(lambda: account_back(made), "exists")
    assert_refused(lambda: account_back(made, "Theirs"), "no account 'Theirs'")
    assert_refused(lambda: account_back(made, "Twice"), "use an id")


def test_it_refuses_the_account_of_another_installation(keys: Keys, back_up: BackUp) -> None:
    account = make_account("Ours")
    made = back_up()
    delete(account)
    Installation.objects.update(id=uuid.uuid4())

    assert_refused(lambda: account_back(made), "another installation")


def test_it_refuses_an_account_whose_number_is_taken(keys: Keys, back_up: BackUp) -> None:
    account, theirs = make_account("Ours"), make_account("Theirs")
    session = linked(account, "Porto", keys)
    Location.objects.filter(pk=session.location_id).update(ghl_id="ghl-1")
    made = back_up()
    delete(account)

    taken = Location.objects.create(account=theirs, name="Since", ghl_id="ghl-1")
    assert_refused(lambda: account_back(made), "ghl-1 belongs to another")
    delete(taken)
    connect(theirs, "Faro", jid=session.jid)
    assert_refused(lambda: account_back(made), "is linked in session")


def test_it_clears_nullable_references_to_missing_users() -> None:
    alice = make_user("alice")
    with isolate_apps("config"):

        class Reminder(models.Model):  # noqa: DJ008  it is never printed
            to = models.ForeignKey(User, on_delete=models.SET_NULL, null=True)
            by = models.ForeignKey(User, on_delete=models.CASCADE, null=True, related_name="+")

            class Meta:
                app_label = "config"

        gone = str(uuid.uuid4())
        writer = RowWriter()
        writer.map_key(User, "old", str(alice.pk))
        here = [
            writer.localize(Reminder, {"to_id": to, "by_id": gone}) for to in (gone, "old", None)
        ]

    assert [row["to_id"] for row in here] == [None, str(alice.pk), None]
    assert {row["by_id"] for row in here} == {gone}  # the database refuses it
