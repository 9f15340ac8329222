"""The links in mails that end them: by one click of a mail program, or by a page with a button."""

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
from notifications.preferences.recipients import Reader, readers_of
from notifications.preferences.unsubscribe import digest_unsubscribe_path, unsubscribe_path
from tests.factory import connect, make_account, make_notice, make_user

pytestmark = pytest.mark.django_db

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@dataclass
class Post:
    """Bob's mails, and a mail program that has no cookies and no tokens."""

    account: Account
    user: User
    program: Client

    @property
    def reader(self) -> Reader:
        readers = readers_of([self.account.pk])[self.account.pk]
        return next(reader for reader in readers if reader.user == self.user.pk)

    def path(self, kind: NoticeKind = NoticeKind.LINKED) -> str:
        return unsubscribe_path(self.reader, kind)

    def when(self, kind: NoticeKind = NoticeKind.LINKED) -> When:
        return self.reader.wants(kind)

    def choose(self, **wishes: str) -> None:
        chosen = {NoticeKind(kind): When(when) for kind, when in wishes.items()}
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


def test_every_mail_that_may_be_ended_says_how(bob: Post, settings: Settings) -> None:
    settings.PUBLIC_URL = "https://pairline.example"

    mail = _mail_of(bob, NoticeKind.RECOVERED)

    path = bob.path(NoticeKind.RECOVERED)
    assert mail.headers == {
        "List-Unsubscribe": f"<https://pairline.example{path}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    assert path in mail.text
    assert path in mail.html


def test_a_site_without_https_offers_the_page_alone(bob: Post, settings: Settings) -> None:
    settings.PUBLIC_URL = "http://pairline.example"

    assert set(_mail_of(bob, NoticeKind.LOST).headers) == {"List-Unsubscribe"}


def test_what_an_owner_must_get_offers_no_end(bob: Post) -> None:
    Member.objects.update(role=Role.OWNER)

    mail = _mail_of(bob, NoticeKind.LOST)

    assert mail.headers == {}
    assert "/unsubscribe/" not in mail.text + mail.html
    assert bob.path(NoticeKind.LINKED)


def test_one_click_of_a_mail_program_ends_the_kind(bob: Post) -> None:
    answer = bob.program.post(bob.path(), ONE_CLICK)

    assert answer.status_code == 200
    assert bob.when() is When.OFF
    assert bob.when(NoticeKind.LOST) is When.AT_ONCE
    event = AuditEvent.objects.get()
    assert (event.actor, event.verb) == ("bob@example.com", "mails_ended")
    assert event.target == "A number was linked"


def test_the_end_of_losses_is_the_end_of_their_reminders(bob: Post) -> None:
    bob.program.post(bob.path(NoticeKind.REMINDER), ONE_CLICK)

    assert bob.when(NoticeKind.LOST) is When.OFF
    assert bob.when(NoticeKind.REMINDER) is When.OFF


def test_looking_at_the_page_ends_nothing(bob: Post) -> None:
    """Scanners of mails follow every link."""
    answer = bob.program.get(bob.path())

    assert answer.status_code == 200
    assert "Stop these mails?" in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer.headers["Cache-Control"]
    assert bob.when() is When.AT_ONCE
    assert not AuditEvent.objects.exists()


@pytest.mark.parametrize("before", ["at_once", "daily"])
def test_it_can_be_taken_back_at_once(bob: Post, before: str) -> None:
    bob.choose(linked=before)
    page = bob.program.post(bob.path(), ONE_CLICK).text

    assert bob.program.get(_undo_in(page)).status_code == 405
    answer = bob.program.post(_undo_in(page))

    assert "You get these mails again" in answer.text
    assert bob.when() is When(before)
    assert [e.verb for e in AuditEvent.objects.order_by("pk")] == ["mails_ended", "mails_resumed"]


def test_a_second_click_ends_nothing_more_and_can_be_taken_back(bob: Post) -> None:
    bob.program.post(bob.path(), ONE_CLICK)
    page = bob.program.post(bob.path(), ONE_CLICK).text

    assert AuditEvent.objects.count() == 1
    bob.program.post(_undo_in(page))
    assert bob.when() is When.AT_ONCE


def test_an_old_undo_does_not_undo_a_later_choice(bob: Post) -> None:
    undo = _undo_in(bob.program.post(bob.path(), ONE_CLICK).text)
    bob.choose(linked="daily")
    bob.choose(linked="off")

    bob.program.post(undo)

    assert bob.when() is When.OFF


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_broken_link_says_so_and_ends_nothing(bob: Post, method: str) -> None:
    path = bob.path()
    torn = f"{path[:-4]}/"

    answer = getattr(bob.program, method)(torn)

    assert answer.status_code == 404
    assert "This link does not work" in answer.text
    assert bob.when() is When.AT_ONCE


def test_a_link_to_end_is_no_link_to_undo(bob: Post) -> None:
    assert bob.program.post(f"{bob.path()}undo/").status_code == 404


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("gone", ["left", "inactive"])
def test_who_has_left_is_told_so_kindly(bob: Post, gone: str, method: str) -> None:
    path = bob.path()
    if gone == "left":
        bob.user.memberships.get().delete()
    else:
        User.objects.filter(pk=bob.user.pk).update(is_active=False)

    answer = getattr(bob.program, method)(path)

    assert answer.status_code == 200
    assert "These mails have stopped already" in answer.text
    assert bob.account.name not in answer.text


@pytest.mark.parametrize("method", ["get", "post"])
def test_who_has_become_an_owner_learns_that_he_must(bob: Post, method: str) -> None:
    path = bob.path(NoticeKind.LOST)
    Member.objects.update(role=Role.OWNER)

    answer = getattr(bob.program, method)(path)

    assert "Owners have to get these mails" in answer.text
    assert not Wish.objects.exists()


def test_the_end_of_the_summary_ends_what_came_in_it(bob: Post) -> None:
    bob.choose(linked="daily", lost="daily", stopped="off")
    path = digest_unsubscribe_path(bob.reader, [NoticeKind.LOST])

    assert "The daily summary of" in bob.program.get(path).text
    page = bob.program.post(path, ONE_CLICK).text

    assert "You will not get the daily summary" in page
    ended = {NoticeKind.LINKED, NoticeKind.LOST, NoticeKind.STOPPED}
    assert {kind for kind, when in bob.reader.wishes.items() if when is When.OFF} == ended
    assert not bob.reader.quiet_too
    assert bob.when(NoticeKind.RECOVERED) is When.AT_ONCE

    bob.program.post(_undo_in(page))

    assert bob.when(NoticeKind.LINKED) is bob.when(NoticeKind.LOST) is When.DAILY
    assert bob.when(NoticeKind.STOPPED) is When.OFF
    assert bob.reader.quiet_too


def test_an_owner_ends_of_his_summary_what_he_may(bob: Post) -> None:
    Member.objects.update(role=Role.OWNER)
    bob.choose(linked="daily", lost="daily")

    assert digest_unsubscribe_path(bob.reader, [NoticeKind.LOST]) == ""
    bob.program.post(digest_unsubscribe_path(bob.reader, [NoticeKind.LOST, NoticeKind.LINKED]))

    assert bob.when(NoticeKind.LINKED) is When.OFF
    assert bob.when(NoticeKind.LOST) is When.DAILY


def test_a_link_shows_nothing_of_the_account_but_its_name(bob: Post) -> None:
    connect(bob.account, "Private Place")
    for page in (bob.program.get(bob.path()), bob.program.post(bob.path())):
        assert "Private Place" not in page.text
        assert "sessionid" not in page.cookies


def test_a_link_ends_nobody_else_s_mails_when_numbers_are_drawn_anew() -> None:
    """As after the restore of one account: the membership's number may be another person's."""
    account = make_account()
    make_user("alice", account)
    (alice,) = readers_of([account.pk])[account.pk]
    path = unsubscribe_path(alice, NoticeKind.LINKED)
    Member.objects.filter(pk=alice.member).update(user=make_user("bob"))

    Client().post(path)

    assert not Wish.objects.exists()
