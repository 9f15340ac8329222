"""A changed e-mail address: the old mailbox loses all access, also after an operator changed it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from locations.models import AuditEvent, User
from notifications.models import Mail
from tests.factory import PASSWORD
from tests.integration.locations.auth.conftest import (
    PostOffice,
    app_code,
    link_in,
    sign_in,
    text_of,
)
from tests.integration.locations.auth.test_codes_and_sign_ins import ASK, TYPE, mailed_code
from tests.integration.locations.auth.test_sign_in import is_signed_in

OLD, NEW = "alice@example.com", "alice@new.example"
Change = Callable[[], None]


@pytest.fixture(autouse=True)
def _plain_files(settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture
def operator(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("op@example.com"))
    return client


@pytest.fixture
def change(operator: Client, alice: User) -> Change:
    """What changes the address of alice in the admin."""

    def _change() -> None:
        page = reverse("admin:locations_user_change", args=[alice.pk])
        answer = operator.post(page, {"email": "Alice@New.example", "is_active": "on"})
        assert answer.status_code == 302, answer.context["errors"]

    return _change


def emails() -> list[tuple[str, bool, bool]]:
    rows = EmailAddress.objects.filter(user__email=NEW)
    return list(rows.values_list("email", "verified", "primary"))


def test_it_ends_sign_ins_and_drops_other_addresses(
    sure: Client, change: Change, operator: Client
) -> None:
    sure.post("/settings/email/", {"action_add": "", "email": "alice@pending.example"})
    assert is_signed_in(sure)

    change()

    assert emails() == [(NEW, False, True)]
    assert not is_signed_in(sure)
    assert operator.get("/admin/").status_code == 200


def test_it_mails_both_addresses_and_records_the_change(change: Change) -> None:
    change()

    mails = {mail.to: mail for mail in Mail.objects.filter(kind="address_changed")}
    assert set(mails) == {OLD, NEW}
    assert NEW not in mails[OLD].text and "a…@new.example" in mails[OLD].text
    event = AuditEvent.objects.get(verb="address_changed")
    assert (event.actor, event.target, event.detail) == ("Operator op@example.com", OLD, NEW)


def test_it_sends_old_addresses_no_code_or_reset(
    browser: Client, change: Change, post_office: PostOffice
) -> None:
    change()

    sign_in(browser, OLD)
    assert not is_signed_in(browser)
    for page in (ASK, "/reset/"):
        browser.post(page, {"email": OLD})
        assert post_office.last()["Subject"] == "There is no account with this address"


def test_it_voids_a_reset_link_to_the_old_address(
    browser: Client, change: Change, post_office: PostOffice
) -> None:
    browser.post("/reset/", {"email": OLD})
    link = link_in(text_of(post_office.last()))
    opened = Client()
    form = opened.get(link, follow=True).redirect_chain[-1][0]

    change()

    assert "no longer works" in Client().get(link, follow=True).text
    typed = {"password1": "a thief's own password", "password2": "a thief's own password"}
    opened.post(form, typed)
    assert User.objects.get(email=NEW).check_password(PASSWORD)


def test_it_voids_a_code_to_the_old_address(
    browser: Client, change: Change, post_office: PostOffice
) -> None:
    browser.post(ASK, {"email": OLD})
    code = mailed_code(post_office)
    count = len(post_office.letters)

    change()
    answer = browser.post(TYPE, {"code": code}, follow=True)

    assert not is_signed_in(browser)
    assert "was changed" in answer.text
    assert emails() == [(NEW, False, True)]
    assert len(post_office.letters) == count


def test_it_voids_a_pending_second_step(
    app_secret: str, change: Change, post_office: PostOffice
) -> None:
    thief = Client()
    thief.post(ASK, {"email": OLD})
    thief.post(TYPE, {"code": mailed_code(post_office)})

    change()
    thief.post("/sign-in/second-step/", {"code": app_code(app_secret, steps=1)})

    assert not is_signed_in(thief)


def test_it_voids_links_that_confirm_pending_addresses(
    sure: Client, change: Change, post_office: PostOffice
) -> None:
    sure.post("/settings/email/", {"action_add": "", "email": "alice@pending.example"})
    link = link_in(text_of(post_office.last()))

    change()
    Client().post(link)

    assert emails() == [(NEW, False, True)]


def test_it_signs_in_the_confirmed_new_address(
    browser: Client, change: Change, post_office: PostOffice
) -> None:
    change()

    sign_in(browser, NEW)
    assert not is_signed_in(browser)
    browser.post(link_in(text_of(post_office.last())))

    sign_in(browser, NEW)
    assert is_signed_in(browser)
    assert emails() == [(NEW, True, True)]


def test_it_changes_nothing_for_another_spelling(
    signed_in: Client, alice: User, operator: Client
) -> None:
    page = reverse("admin:locations_user_change", args=[alice.pk])
    operator.post(page, {"email": "ALICE@example.com", "is_active": "on"})

    assert EmailAddress.objects.get(user=alice).verified
    assert is_signed_in(signed_in)
    assert not Mail.objects.exists()


def test_it_keeps_the_user_signed_in_one_browser(
    sure: Client, alice: User, post_office: PostOffice
) -> None:
    elsewhere = Client()
    sign_in(elsewhere)
    sure.post("/settings/email/", {"action_add": "", "email": NEW})

    sure.post(link_in(text_of(post_office.last())))

    assert emails() == [(NEW, True, True)]
    assert is_signed_in(sure)
    assert not is_signed_in(elsewhere)
    assert post_office.last()["To"] == OLD
    assert Mail.objects.get(kind="address_changed").to == NEW
    event = AuditEvent.objects.get(verb="address_changed")
    assert (event.actor, event.target) == (NEW, OLD)
