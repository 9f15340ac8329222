"""Unsubscribe links in mails: one click in a mail program, or a page with a button."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from locations.models import Account, AuditEvent, Member, Role, User
from notifications.kinds import NoticeKind, When
from notifications.models import Mail, Wish
from notifications.notices.dispatch import gather
from notifications.preferences.recipients import Recipient, recipients_of
from notifications.preferences.unsubscribe import digest_unsubscribe_path, unsubscribe_path
from tests.factory import connect, make_account, make_notice, make_user

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@dataclass
class Post:
    """The mails to bob, and a mail program without cookies and CSRF tokens."""

    account: Account
    user: User
    program: Client

    @property
    def recipient(self) -> Recipient:
        recipients = recipients_of([self.account.pk])[self.account.pk]
        return next(recipient for recipient in recipients if recipient.user == self.user.pk)

    def path(self, kind: NoticeKind = NoticeKind.LINKED) -> str:
        return unsubscribe_path(self.recipient, kind)

    def when(self, kind: NoticeKind = NoticeKind.LINKED) -> When:
        return self.recipient.wants(kind)

    def choose(self, **preferences: str) -> None:
        chosen = {NoticeKind(kind): When(when) for kind, when in preferences.items()}
        Wish.objects.choose(self.user.memberships.get(), chosen, timezone.now())


@pytest.fixture
def bob() -> Post:
    account = make_account()
    user = make_user("bob", account, Role.MEMBER)
    return Post(account, user, Client(enforce_csrf_checks=True))


def _undo_in(page: str) -> str:
    found = re.search(r'action="(/unsubscribe/[^"]+/undo/)"', page)
    assert found is not None, page
    return found[1]


def _mail_of(bob: Post, kind: NoticeKind) -> Mail:
    make_notice(connect(bob.account, "Lisbon"), kind)
    gather(timezone.now())
    return Mail.objects.get(to=bob.user.email)


def test_it_adds_unsubscribe_headers_to_optional_mails(bob: Post, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://pairline.example"

    mail = _mail_of(bob, NoticeKind.RECOVERED)

    path = bob.path(NoticeKind.RECOVERED)
    assert mail.headers == {
        "List-Unsubscribe": f"<https://pairline.example{path}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert path in mail.text
    assert path in mail.html


def test_it_offers_no_one_click_without_https(bob: Post, settings: Settings) -> None:
    settings.PUBLIC_URL = "http://pairline.example"

    assert set(_mail_of(bob, NoticeKind.LOST).headers) == {"List-Unsubscribe"}


def test_it_adds_no_link_to_required_mails(bob: Post) -> None:
    Member.objects.update(role=Role.OWNER)

    mail = _mail_of(bob, NoticeKind.LOST)

    assert mail.headers == {}
    assert "/unsubscribe/" not in mail.text + mail.html
    assert bob.path(NoticeKind.LINKED)


def test_it_stops_a_kind_with_one_click(bob: Post) -> None:
    answer = bob.program.post(bob.path(), ONE_CLICK)

    assert answer.status_code == 200
    assert bob.when() is When.OFF
    assert bob.when(NoticeKind.LOST) is When.AT_ONCE
    event = AuditEvent.objects.get()
    assert (event.actor, event.verb) == ("bob@example.com", "mails_ended")
    assert event.target == "A number was linked"


def test_it_stops_reminders_along_with_losses(bob: Post) -> None:
    bob.program.post(bob.path(NoticeKind.REMINDER), ONE_CLICK)

    assert bob.when(NoticeKind.LOST) is When.OFF
    assert bob.when(NoticeKind.REMINDER) is When.OFF


def test_it_stops_nothing_on_a_get_request(bob: Post) -> None:
    """Mail scanners follow every link."""
    answer = bob.program.get(bob.path())

    assert answer.status_code == 200
    assert "Stop these mails?" in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer.headers["Cache-Control"]
    assert bob.when() is When.AT_ONCE
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("before", ["at_once", "daily"])
def test_it_can_be_undone(bob: Post, before: str) -> None:
    bob.choose(linked=before)
    page = bob.program.post(bob.path(), ONE_CLICK).text

    assert bob.program.get(_undo_in(page)).status_code == 405
    answer = bob.program.post(_undo_in(page))

    assert "You get these mails again" in answer.text
    assert bob.when() is When(before)
    assert [e.verb for e in AuditEvent.objects.order_by("pk")] == ["mails_ended", "mails_resumed"]


def test_it_can_be_undone_after_a_second_click(bob: Post) -> None:
    bob.program.post(bob.path(), ONE_CLICK)
    page = bob.program.post(bob.path(), ONE_CLICK).text

    assert AuditEvent.objects.count() == 1
    bob.program.post(_undo_in(page))
    assert bob.when() is When.AT_ONCE


def test_it_keeps_a_later_choice_on_undo(bob: Post) -> None:
    undo = _undo_in(bob.program.post(bob.path(), ONE_CLICK).text)
    bob.choose(linked="daily")
    bob.choose(linked="off")

    bob.program.post(undo)

    assert bob.when() is When.OFF


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_rejects_a_broken_link(bob: Post, method: str) -> None:
    path = bob.path()
    torn = f"{path[:-4]}/"

    answer = getattr(bob.program, method)(torn)

    assert answer.status_code == 404
    assert "This link does not work" in answer.text
    assert bob.when() is When.AT_ONCE


def test_it_rejects_an_unsubscribe_token_for_undo(bob: Post) -> None:
    assert bob.program.post(f"{bob.path()}undo/").status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("gone", ["left", "inactive"])
def test_it_informs_former_members(bob: Post, gone: str, method: str) -> None:
    path = bob.path()
    if gone == "left":
        bob.user.memberships.get().delete()
    else:
        User.objects.filter(pk=bob.user.pk).update(is_active=False)

    answer = getattr(bob.program, method)(path)

    assert answer.status_code == 200
    assert "These mails have already stopped" in answer.text
    assert bob.account.name not in answer.text


@pytest.mark.parametrize("method", ["get", "post"])
def test_it_informs_owners_of_required_mails(bob: Post, method: str) -> None:
    path = bob.path(NoticeKind.LOST)
    Member.objects.update(role=Role.OWNER)

    answer = getattr(bob.program, method)(path)

    assert "Owners must get these mails" in answer.text
    assert not Wish.objects.exists()


def test_it_stops_the_kinds_of_the_summary(bob: Post) -> None:
    bob.choose(linked="daily", lost="daily", stopped="off")
    path = digest_unsubscribe_path(bob.recipient, [NoticeKind.LOST])

    assert "the daily summary of" in bob.program.get(path).text
    page = bob.program.post(path, ONE_CLICK).text

    assert "You will no longer get the daily summary" in page
    ended = {NoticeKind.LINKED, NoticeKind.LOST, NoticeKind.STOPPED}
    assert {kind for kind, when in bob.recipient.preferences.items() if when is When.OFF} == ended
    assert not bob.recipient.quiet_too
    assert bob.when(NoticeKind.RECOVERED) is When.AT_ONCE

    bob.program.post(_undo_in(page))

    assert bob.when(NoticeKind.LINKED) is bob.when(NoticeKind.LOST) is When.DAILY
    assert bob.when(NoticeKind.STOPPED) is When.OFF
    assert bob.recipient.quiet_too


def test_it_stops_only_optional_kinds_for_owners(bob: Post) -> None:
    Member.objects.update(role=Role.OWNER)
    bob.choose(linked="daily", lost="daily")

    assert digest_unsubscribe_path(bob.recipient, [NoticeKind.LOST]) == ""
    bob.program.post(digest_unsubscribe_path(bob.recipient, [NoticeKind.LOST, NoticeKind.LINKED]))

    assert bob.when(NoticeKind.LINKED) is When.OFF
    assert bob.when(NoticeKind.LOST) is When.DAILY


def test_it_reveals_only_the_name_of_the_account(bob: Post) -> None:
    connect(bob.account, "Private Place")
    for page in (bob.program.get(bob.path()), bob.program.post(bob.path())):
        assert "Private Place" not in page.text
        assert "sessionid" not in page.cookies


def test_it_ignores_a_membership_number_that_was_reused() -> None:
    """After the restore of one account, the number may be that of another user's membership."""
    account = make_account()
    make_user("alice", account)
    (alice,) = recipients_of([account.pk])[account.pk]
    path = unsubscribe_path(alice, NoticeKind.LINKED)
    Member.objects.filter(pk=alice.member).update(user=make_user("bob"))

    Client().post(path)

    assert not Wish.objects.exists()
