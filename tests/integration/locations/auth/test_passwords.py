from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from locations.models import User
from tests.factory import PASSWORD, make_user
from tests.integration.locations.auth.conftest import (
    PostOffice,
    link_in,
    sign_in,
    text_of,
    without_tokens,
)
from tests.integration.locations.auth.test_sign_in import is_signed_in

NEW = "another horse, another battery"
TWICE = {"password1": NEW, "password2": NEW}


def test_it_lets_users_choose_a_new_password(
    browser: Client, alice: User, post_office: PostOffice
) -> None:
    asked = browser.post("/reset/", {"email": "Alice@example.com"}, follow=True)
    assert "we sent a link to it" in asked.text
    letter = post_office.last()
    assert (letter["To"], letter["Subject"]) == ("alice@example.com", "Choose a new password")

    form = browser.get(link_in(text_of(letter)), follow=True)
    done = browser.post(form.redirect_chain[-1][0], TWICE, follow=True)

    assert "Your password was changed" in done.text
    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert [letter["Subject"] for letter in post_office.letters][1:] == [
        "Your password was changed"
    ]


def test_it_keeps_the_reset_key_out_of_the_url(
    browser: Client, alice: User, post_office: PostOffice
) -> None:
    browser.post("/reset/", {"email": "alice@example.com"})

    form = browser.get(link_in(text_of(post_office.last())), follow=True)

    assert form.redirect_chain[-1][0].endswith("/set-password/")


def test_it_accepts_a_link_only_once(browser: Client, alice: User, post_office: PostOffice) -> None:
    browser.post("/reset/", {"email": "alice@example.com"})
    link = link_in(text_of(post_office.last()))
    form = browser.get(link, follow=True)
    browser.post(form.redirect_chain[-1][0], TWICE)

    assert "no longer works" in Client().get(link, follow=True).text


@pytest.mark.parametrize("link", ["/reset/x/y/", "/reset/set/set-password/", "/reset/🦊/\u202e/"])
def test_it_shows_one_friendly_page_for_wrong_links(browser: Client, db: None, link: str) -> None:
    answer = browser.get(link, follow=True)

    assert answer.status_code == 200
    assert "no longer works" in answer.text


def test_it_ends_the_sign_ins_that_there_were(
    browser: Client, signed_in: Client, post_office: PostOffice
) -> None:
    thief = Client()
    sign_in(thief)
    assert is_signed_in(thief)
    somewhere = Client()
    somewhere.post("/reset/", {"email": "alice@example.com"})
    form = somewhere.get(link_in(text_of(post_office.last())), follow=True)

    somewhere.post(form.redirect_chain[-1][0], TWICE)

    assert not is_signed_in(thief)


def test_it_does_not_reveal_unknown_addresses_on_a_reset(
    alice: User, post_office: PostOffice
) -> None:
    seen = []
    for email in ("alice@example.com", "nobody@example.com"):
        browser = Client()
        browser.get("/reset/")
        answer = browser.post("/reset/", {"email": email})
        after = browser.get(answer["Location"])
        seen.append(
            (
                answer.status_code,
                answer["Location"],
                answer.content,
                sorted(answer.cookies),
                without_tokens(after.text),
            )
        )

    assert seen[0] == seen[1]
    assert post_office.last()["To"] == "nobody@example.com"
    assert post_office.last()["Subject"] == "There is no account with this address"


def test_it_mails_an_address_five_times_per_minute(browser: Client, alice: User) -> None:
    answers = [browser.post("/reset/", {"email": "alice@example.com"}) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [302] * 5 + [429]
    assert len(mail.outbox) == 5


def test_it_changes_the_password_and_sends_mail(signed_in: Client, alice: User) -> None:
    elsewhere = Client()
    sign_in(elsewhere)

    answer = signed_in.post("/settings/password/", {"oldpassword": PASSWORD, **TWICE}, follow=True)

    assert "Your password was changed" in answer.text
    assert is_signed_in(signed_in)
    assert not is_signed_in(elsewhere)
    assert mail.outbox[-1].subject == "Your password was changed"
    assert "127.0.0.1" in mail.outbox[-1].body


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"oldpassword": "wrong", **TWICE}, "oldpassword"),
        ({"oldpassword": PASSWORD, "password1": "short", "password2": "short"}, "password1"),
        ({"oldpassword": PASSWORD, "password1": NEW, "password2": "other"}, "password2"),
        ({"oldpassword": PASSWORD, "password1": "x" * 100_000, "password2": ""}, "password2"),
    ],
)
def test_it_says_beside_the_field_what_is_wrong(
    signed_in: Client, alice: User, typed: dict[str, str], field: str
) -> None:
    answer = signed_in.post("/settings/password/", typed)

    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.text
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_it_lets_users_without_a_password_set_one(browser: Client, alice: User) -> None:
    alice.set_unusable_password()
    alice.save()
    browser.force_login(alice)

    assert browser.get("/settings/password/")["Location"] == "/settings/password/new/"
    browser.post("/settings/password/new/", TWICE)

    alice.refresh_from_db()
    assert alice.check_password(NEW)


def test_it_uses_a_new_address_once_it_is_confirmed(
    sure: Client, alice: User, post_office: PostOffice
) -> None:
    answer = sure.post(
        "/settings/email/", {"action_add": "", "email": "alice@new.example"}, follow=True
    )
    assert "replaces it once you open the link" in answer.text
    alice.refresh_from_db()
    assert alice.email == "alice@example.com"

    sure.post(link_in(text_of(post_office.last())))

    alice.refresh_from_db()
    assert alice.email == "alice@new.example"
    assert EmailAddress.objects.get().email == "alice@new.example"
    assert post_office.last()["To"] == "alice@example.com"
    assert post_office.last()["Subject"] == "Your e-mail address was changed"


def test_it_ends_other_sign_ins_with_new_addresses(
    sure: Client, alice: User, post_office: PostOffice
) -> None:
    elsewhere = Client()
    sign_in(elsewhere)
    sure.post("/settings/email/", {"action_add": "", "email": "alice@new.example"})
    assert is_signed_in(elsewhere)

    sure.post(link_in(text_of(post_office.last())))

    assert not is_signed_in(elsewhere)
    assert is_signed_in(sure)
    assert sure.get("/settings/sign-ins/").text.count("this one") == 1


def test_it_ends_sign_ins_after_an_operators_change(signed_in: Client, alice: User) -> None:
    alice.email = "alice@new.example"
    alice.save()

    assert not is_signed_in(signed_in)


def test_it_lets_a_user_cancel_a_change_of_address(sure: Client, alice: User) -> None:
    sure.post("/settings/email/", {"action_add": "", "email": "alice@new.example"})

    sure.post("/settings/email/", {"action_remove": "", "email": "alice@new.example"})

    assert EmailAddress.objects.get().email == "alice@example.com"


def test_it_does_not_reveal_a_used_address(sure: Client, post_office: PostOffice) -> None:
    bob = make_user("bob")
    pages = []
    for email in ("bob@example.com", "nobody@example.com"):
        answer = sure.post("/settings/email/", {"action_add": "", "email": email}, follow=True)
        pages.append(without_tokens(answer.text).replace(email, "…"))
        sure.post("/settings/email/", {"action_remove": "", "email": email}, follow=True)

    assert pages[0] == pages[1]
    bob.refresh_from_db()
    assert EmailAddress.objects.get(user=bob).email == "bob@example.com"


def test_it_asks_again_before_the_address_changes(browser: Client, alice: User) -> None:
    sign_in(browser)

    answer = browser.post("/settings/email/", {"action_add": "", "email": "alice@new.example"})
    assert answer["Location"].startswith("/confirm/")

    done = browser.post(answer["Location"], {"password": PASSWORD}, follow=True)
    assert "replaces it once" in done.text
    assert EmailAddress.objects.filter(email="alice@new.example").exists()


def test_it_asks_again_until_the_password_is_right(browser: Client, alice: User) -> None:
    sign_in(browser)

    answer = browser.post("/confirm/", {"password": "wrong"})

    assert answer.status_code == 422
    assert "This is not your password." in answer.text
