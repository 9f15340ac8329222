"""The end of an account: announced, numbers let go of, data gone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from conversations.models import Message
from core.background.jobs import registered
from locations.accounts import deletion
from locations.models import Account, ApiKey, AuditEvent, Export, User
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models import Session
from tests.factory import make_location, make_message, make_session
from tests.integration.locations.accounts.conftest import written


@pytest.fixture
def session(account: Account) -> Session:
    return make_session(make_location(account, "Lisbon"))


def delete(client: Client, account: Account, name: str = "Harbour Group") -> Any:
    return client.post(reverse("account_delete", args=[account.pk]), {"name": name})


def unlinked(session: Session) -> None:
    """Do what the gateway does after WhatsApp has removed the device."""
    Session.objects.filter(pk=session.pk).update(
        status=Status.DISCONNECTED, reason=Reason.UNLINKED, jid="", phone_number=""
    )


def progress(client: Client, account: Account) -> str:
    return client.get(reverse("account_deleting", args=[account.pk])).text


def test_it_lists_losses_and_asks_for_the_name(
    alice: Client, account: Account, session: Session
) -> None:
    make_message(session)

    page = alice.get(reverse("account_delete", args=[account.pk])).text

    assert "1 linked number, which is unlinked first" in page
    assert "1 message" in page
    assert "the access of 3 members" in page
    assert "Make an export first" in page


@pytest.mark.parametrize(
    "typed", ["", "harbour group", "Harbour", "a" * 5000, "Harbour\u200b Group"]
)
def test_it_deletes_nothing_without_the_right_name(
    alice: Client, account: Account, session: Session, typed: str
) -> None:
    answer = delete(alice, account, typed)

    assert answer.status_code == 422
    account.refresh_from_db()
    session.refresh_from_db()
    assert (account.deleting_at, session.wanted) == (None, Wanted.LINKED)


def test_it_asks_every_number_to_unlink_and_tells_everybody(
    alice: Client, account: Account, session: Session
) -> None:
    other = make_session(make_location(account, "Porto"))

    answer = delete(alice, account)

    assert answer["Location"] == reverse("account_deleting", args=[account.pk])
    for one in (session, other):
        one.refresh_from_db()
        assert (one.wanted, one.wanted_by) == (Wanted.UNLINKED, "alice@example.com")
    assert "Deleting: 2 numbers are being unlinked" in progress(alice, account)
    assert sorted(m.to for m in written()) == [
        f"{name}@example.com" for name in ("alice", "bob", "vera")
    ]
    assert AuditEvent.objects.filter(verb="account_deleted").get().target == "Harbour Group"


def test_it_waits_for_the_last_number(alice: Client, account: Account, session: Session) -> None:
    delete(alice, account)

    assert deletion.finish_due() == 0
    assert Account.objects.filter(pk=account.pk).exists()

    unlinked(session)
    assert "Deleting: the data is being removed" in progress(alice, account)
    assert deletion.finish_due() == 1
    assert not Account.objects.filter(pk=account.pk).exists()
    assert not Session.objects.filter(pk=session.pk).exists()


def test_it_is_done_by_a_scheduled_job(alice: Client, account: Account) -> None:
    delete(alice, account)

    assert registered()["accounts"].run() == "Deleted 1 account."

    assert not Account.objects.filter(pk=account.pk).exists()


def test_it_waits_for_two_minutes_at_most(
    alice: Client, account: Account, session: Session
) -> None:
    delete(alice, account)
    started = Account.objects.get(pk=account.pk).deleting_at
    assert started is not None

    assert deletion.finish_due(started + timedelta(seconds=119)) == 0
    assert deletion.finish_due(started + timedelta(seconds=120)) == 1


def test_it_leaves_other_accounts_alone(
    alice: Client, charlie: Client, account: Account, session: Session
) -> None:
    elsewhere = Account.objects.get(name="Elsewhere")
    theirs = make_session(make_location(elsewhere, "Far"))
    message = make_message(theirs)

    delete(alice, account)
    unlinked(session)
    deletion.finish_due()

    theirs.refresh_from_db()
    assert theirs.wanted == Wanted.LINKED
    assert Message.objects.filter(pk=message.pk).exists()


def test_it_shows_the_end_to_the_user_who_deleted(
    alice: Client, bob: Client, account: Account
) -> None:
    delete(alice, account)
    deletion.finish_due()

    assert "<bdi>Harbour Group</bdi> was deleted" in progress(alice, account)
    assert bob.get(reverse("account_deleting", args=[account.pk])).status_code == 404


def test_it_changes_nothing_while_an_account_is_deleted(
    alice: Client, bob: Client, account: Account, people: dict[str, User], session: Session
) -> None:
    _, secret = ApiKey.issue(account, "Reminders")
    delete(alice, account)

    answers = [
        bob.post(reverse("session_restart", args=[session.pk])),
        bob.post(reverse("connect"), {"location": str(session.location_id)}),
        alice.post(
            reverse("invite", args=[account.pk]), {"email": "d@example.com", "role": "viewer"}
        ),
        alice.post(reverse("account_rename", args=[account.pk]), {"name": "Saved"}),
        alice.post(reverse("member_remove", args=[account.pk, people["bob"].pk])),
        Client().post(
            f"/api/v1/sessions/{session.pk}/restart/",
            headers={"Authorization": f"Bearer {secret}"},
        ),
    ]

    assert [answer.status_code for answer in answers] == [403] * 6
    assert "This account is being deleted" in answers[0].text
    assert delete(alice, account).status_code == 403
    assert len(written()) == 3


def test_it_finishes_an_interrupted_deletion_in_the_cleanup(
    alice: Client, account: Account, settings: Settings, tmp_path: Path, capsys: Any
) -> None:
    settings.DATA_DIR = tmp_path
    delete(alice, account)

    call_command("cleanup_sessions", "cleanup", "--dry-run")
    assert Account.objects.filter(pk=account.pk).exists()

    call_command("cleanup_sessions", "cleanup")
    assert not Account.objects.filter(pk=account.pk).exists()
    assert "Finished the deletion of 1 account" in capsys.readouterr().out


def test_it_deletes_exports_and_files_at_once(
    alice: Client,
    account: Account,
    settings: Settings,
    tmp_path: Path,
    django_capture_on_commit_callbacks: Any,
) -> None:
    settings.DATA_DIR = tmp_path
    export = Export.objects.create(account=account, kind="account", asked_by="alice@example.com")
    export.path.parent.mkdir()
    export.path.write_bytes(b"PK")

    with django_capture_on_commit_callbacks(execute=True):
        delete(alice, account)

    assert not Export.objects.exists()
    assert not export.path.exists()
