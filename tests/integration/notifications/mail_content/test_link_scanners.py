"""Mail scanners open every link of every mail, more than once. They must change nothing.

The samples (``/admin/mails/``) contain every mail. Each of their links leads to a page of
``PAGES``, or to one of the views in ``BY_TOKEN``, which are opened here with a real token.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.apps import apps
from django.core import mail
from django.test import Client
from django.urls import resolve, reverse
from pytest_django import Settings

from core.mail.content import render
from locations.models import Account, Member, Role, User
from notifications.kinds import NoticeKind, When
from notifications.mail_content.samples import samples
from notifications.models import Mail
from notifications.preferences.recipients import recipients_of
from notifications.preferences.unsubscribe import digest_unsubscribe_path, unsubscribe_path
from tests.factory import PASSWORD, make_account, make_user

pytestmark = pytest.mark.django_db(transaction=True)

NEW_PASSWORD = "another horse, another battery"
# Public forms, and pages that require a sign-in. A GET of them changes nothing that matters.
PAGES = {
    "account_login", "account_reset_password", "account_signup", "bundle", "connect", "dashboard",
    "export",
    "members", "numbers", "plan", "session", "session_proxy", "webhook", "wrong",
}  # fmt: skip
BY_TOKEN = {
    "account_confirm_email",
    "account_reset_password_from_key",
    "invitation",
    "unsubscribe",
}
# What a visit writes: its own cookie, and its time.
VISITS = {"sessions.Session", "usersessions.UserSession"}
VISIT_COLUMNS = {"last_seen_at"}


@pytest.fixture(autouse=True)
def _own_limits(settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex}}
    settings.PUBLIC_URL = "http://testserver"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows of the database, except for what a visit writes."""
    return {
        model._meta.label: [
            {name: value for name, value in row.items() if name not in VISIT_COLUMNS}
            for row in model._base_manager.order_by("pk").values()
        ]
        for model in apps.get_models(include_auto_created=True)
        if model._meta.label not in VISITS
    }


def links_in(text: str) -> set[str]:
    found = re.findall(r'https?://[^\s"<>\']+', unescape(text))
    return {link.rstrip(".,)") for link in found if "w3.org" not in link}


def view_of(link: str) -> str:
    return resolve(urlsplit(link).path or "/").view_name


def scan(link: str, browser: Client) -> None:
    """Open a link as scanners do: HEAD, GET and OPTIONS, with redirects, and all of it twice."""
    for _ in range(2):
        for method in (browser.head, browser.get, browser.options):
            answer = method(link, follow=True)
            assert answer.status_code in {200, 403, 404, 405}, (link, answer.status_code)


def _sample_links() -> Iterator[tuple[str, str]]:
    for name, sample in samples().items():
        content = sample.write(1)
        mail_ = render(content)
        for link in links_in(f"{mail_.text} {mail_.html} {mail_.headers}"):
            yield name, link


def test_it_knows_the_page_behind_every_link() -> None:
    unknown = {
        (name, link) for name, link in _sample_links() if view_of(link) not in PAGES | BY_TOKEN
    }
    opened = {view_of(link) for _, link in _sample_links()}

    assert unknown == set()
    assert opened == PAGES | BY_TOKEN


class People:
    """alice owns an account in which bob is a member; both have a sign-in open."""

    def __init__(self) -> None:
        self.account: Account = make_account()
        self.alice: User = make_user("alice", self.account, Role.OWNER)
        self.bob: User = make_user("bob", self.account, Role.MEMBER)
        self.browser = self._signed_in(self.alice)

    def _signed_in(self, user: User) -> Client:
        browser = Client()
        browser.post("/sign-in/", {"login": user.email, "password": PASSWORD})
        browser.post("/confirm/", {"password": PASSWORD})
        return browser


@pytest.fixture
def people(db: None) -> People:
    return People()


def last_link(name: str) -> str:
    """The newest mailed link to the view ``name``."""
    texts = [str(message.body) for message in mail.outbox]
    texts += [str(row.text) for row in Mail.objects.order_by("created_at")]
    links = [link for text in texts for link in links_in(text)]
    return next(link for link in reversed(links) if view_of(link) == name)


def _signs_up(people: People) -> tuple[str, Callable[[], bool]]:
    browser = Client()
    new = {"email": "dora@example.com", "password1": PASSWORD, "account": "Dora's"}
    browser.post("/sign-up/", new)
    link = last_link("account_confirm_email")

    def works() -> bool:
        browser.post(link)
        return bool(User.objects.get(email="dora@example.com").last_login)

    return link, works


def _changes_address(people: People) -> tuple[str, Callable[[], bool]]:
    people.browser.post("/settings/email/", {"action_add": "", "email": "alice@new.example"})
    link = last_link("account_confirm_email")

    def works() -> bool:
        people.browser.post(link)
        return User.objects.filter(email="alice@new.example").exists()

    return link, works


def _resets(people: People) -> tuple[str, Callable[[], bool]]:
    Client().post("/reset/", {"email": "bob@example.com"})
    link = last_link("account_reset_password_from_key")

    def works() -> bool:
        browser = Client()
        form = browser.get(link, follow=True).redirect_chain[-1][0]
        browser.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
        return User.objects.get(email="bob@example.com").check_password(NEW_PASSWORD)

    return link, works


def _invites(people: People) -> tuple[str, Callable[[], bool]]:
    dora = Client()
    dora.force_login(make_user("dora"))
    address = reverse("invite", args=[people.account.pk])
    people.browser.post(address, {"email": "dora@example.com", "role": "viewer"})
    link = last_link("invitation")

    def works() -> bool:
        dora.post(link)
        return Member.objects.filter(user__email="dora@example.com").exists()

    return link, works


def _notifies(people: People) -> tuple[str, Callable[[], bool]]:
    found = next(r for r in recipients_of([people.account.pk])[people.account.pk])
    path = unsubscribe_path(found, NoticeKind.LINKED)

    def works() -> bool:
        Client().post(path)
        after = next(
            r for r in recipients_of([people.account.pk])[people.account.pk] if r.user == found.user
        )
        return after.wants(NoticeKind.LINKED) is When.OFF

    return path, works


def _summarizes(people: People) -> tuple[str, Callable[[], bool]]:
    found = next(r for r in recipients_of([people.account.pk])[people.account.pk])
    path = digest_unsubscribe_path(found, [NoticeKind.LINKED])
    return path, lambda: "unsubscribe" in Client().post(path).text.lower()


MAILED = [_signs_up, _changes_address, _resets, _invites, _notifies, _summarizes]


@pytest.mark.parametrize("mailed", MAILED, ids=lambda made: made.__name__.strip("_"))
def test_it_changes_nothing_for_a_scanner(
    people: People, mailed: Callable[[People], tuple[str, Callable[[], bool]]]
) -> None:
    link, works = mailed(people)
    before = everything()

    scan(link, Client())
    scan(link, people.browser)

    assert everything() == before
    assert people.browser.get("/settings/sign-ins/").status_code == 200
    assert works()


def test_it_changes_nothing_for_links_of_samples(people: People) -> None:
    scanner, before = Client(), everything()
    paths = sorted(
        {urlsplit(link)._replace(scheme="", netloc="").geturl() for _, link in _sample_links()}
    )

    for path in paths:
        scan(path, scanner)
        scan(path, people.browser)

    assert everything() == before
    assert "_auth_user_id" not in scanner.session
    assert people.browser.get("/settings/sign-ins/").status_code == 200
