from __future__ import annotations

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.db.models.signals import post_save
from django.test import Client
from pytest_django import Settings

from locations.audit import AccountVerb
from locations.models import Account, AuditEvent, Member, Role, User
from locations.plans.action_limits import ActionLimit
from tests.factory import PASSWORD
from tests.integration.locations.auth.conftest import PostOffice, link_in, text_of, without_tokens
from tests.integration.locations.auth.test_sign_in import is_signed_in

SIGN_UP = "/sign-up/"
DANA = {"account": "Harbour Dental", "email": "dana@example.com", "password1": PASSWORD}

pytestmark = pytest.mark.django_db


def test_it_signs_up_a_stranger_who_confirms(browser: Client, post_office: PostOffice) -> None:
    sent = browser.post(SIGN_UP, DANA, follow=True)
    assert "Check your e-mail" in sent.text
    assert not is_signed_in(browser)
    letter = post_office.last()
    assert letter["To"] == "dana@example.com"
    assert letter["Subject"] == "Confirm your e-mail address"
    assert letter["From"] == "Pairline <pairline@localhost>"
    link = link_in(text_of(letter))

    asked = browser.get(link)
    assert "dana@example.com" in asked.text
    assert not EmailAddress.objects.get().verified  # a mail scanner that follows links does nothing
    browser.post(link)

    assert is_signed_in(browser)
    member = Member.objects.get()
    assert (member.user.email, member.role, member.account.name) == (
        "dana@example.com",
        Role.OWNER,
        "Harbour Dental",
    )


def test_it_says_the_same_in_html(browser: Client, post_office: PostOffice) -> None:
    browser.post(SIGN_UP, DANA)

    html = text_of(post_office.last(), "html")

    assert f'href="http://localhost:8000{link_in(text_of(post_office.last()))}"' in html


def test_it_starts_the_link_with_the_public_url(
    browser: Client, post_office: PostOffice, settings: Settings
) -> None:
    settings.PUBLIC_URL = "https://pairline.example.com"

    browser.post(SIGN_UP, DANA, headers={"Host": "localhost"})

    assert "https://pairline.example.com/verify/" in text_of(post_office.last())
    assert "http://localhost" not in text_of(post_office.last())


def test_it_confirms_in_another_browser_and_asks_the_password(
    browser: Client, post_office: PostOffice
) -> None:
    browser.post(SIGN_UP, DANA)

    elsewhere = Client()
    elsewhere.post(link_in(text_of(post_office.last())))

    assert not is_signed_in(elsewhere)
    elsewhere.post("/sign-in/", {"login": "dana@example.com", "password": PASSWORD})
    assert is_signed_in(elsewhere)


def test_it_requires_a_confirmed_address_to_sign_in(browser: Client) -> None:
    browser.post(SIGN_UP, DANA)

    answer = browser.post(
        "/sign-in/", {"login": "dana@example.com", "password": PASSWORD}, follow=True
    )

    assert "Check your e-mail" in answer.text
    assert not is_signed_in(browser)


@pytest.mark.parametrize("link", ["/verify/nonsense/", "/verify/Mg:1abc:def/"])
def test_it_shows_one_friendly_page_for_wrong_links(browser: Client, link: str) -> None:
    assert "no longer works" in browser.get(link).text
    assert browser.post(link).status_code == 404


def test_it_shows_the_same_page_for_a_used_link(browser: Client, post_office: PostOffice) -> None:
    browser.post(SIGN_UP, DANA)
    link = link_in(text_of(post_office.last()))
    browser.post(link)

    assert "no longer works" in Client().get(link).text


@pytest.mark.parametrize("spelled", ["alice@example.com", "ALICE@Example.com"])
def test_it_does_not_reveal_used_addresses_on_sign_up(
    alice: User, post_office: PostOffice, spelled: str
) -> None:
    seen = []
    for email in (spelled, "dana@example.com"):
        browser = Client()
        browser.get(SIGN_UP)
        answer = browser.post(SIGN_UP, {**DANA, "email": email})
        after = browser.get(answer["Location"])
        again = browser.post(SIGN_UP, {**DANA, "email": email})
        seen.append(
            (
                answer.status_code,
                answer["Location"],
                answer.content,
                sorted(answer.cookies),
                without_tokens(after.text).lower().replace(email.lower(), "…"),
                sorted(after.headers),
                (again.status_code, again["Location"]),
            )
        )

    assert seen[0] == seen[1]
    letters = [(str(letter["To"]).lower(), letter["Subject"]) for letter in post_office.letters]
    assert ("alice@example.com", "You already have an account") in letters
    assert ("dana@example.com", "Confirm your e-mail address") in letters
    assert User.objects.count() == 2


def test_it_names_ways_in_to_a_used_address(
    browser: Client, alice: User, post_office: PostOffice
) -> None:
    browser.post(SIGN_UP, {**DANA, "email": "alice@example.com"})

    text = text_of(post_office.last())
    assert "http://localhost:8000/sign-in/" in text
    assert "http://localhost:8000/reset/" in text


def test_it_stands_in_the_log_of_the_account(browser: Client) -> None:
    browser.post(SIGN_UP, DANA)

    event = AuditEvent.objects.get()
    assert (event.verb, event.actor, event.target) == (
        AccountVerb.ACCOUNT_CREATED,
        "dana@example.com",
        "Harbour Dental",
    )
    assert event.address == "127.0.0.1"


def test_it_makes_all_or_nothing() -> None:
    def fail(sender: object, **kwargs: object) -> None:
        raise RuntimeError("in the middle")

    post_save.connect(fail, sender=Member)
    try:
        answer = Client(raise_request_exception=False).post(SIGN_UP, DANA)
    finally:
        post_save.disconnect(fail, sender=Member)

    assert answer.status_code == 500
    assert (User.objects.count(), Account.objects.count()) == (0, 0)


def test_it_reports_a_mail_server_that_is_down(browser: Client, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1

    answer = browser.post(SIGN_UP, DANA, follow=True)

    assert "We cannot send mail right now" in answer.text
    assert Member.objects.get().account.name == "Harbour Dental"


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("account", ""),
        ("account", "   "),
        ("account", "\u200b\u2060"),
        ("account", "Harbour \u202elatneD"),
        ("account", "x" * 121),
        ("account", "a\x00b"),
        ("email", ""),
        ("email", "dana"),
        ("email", "dana\u200b@example.com"),
        ("email", "\u202eanad@example.com"),
        ("email", f"{'d' * 300}@example.com"),
        ("email", "🦊@example.com"),
        ("password1", ""),
        ("password1", "short"),
        ("password1", "password1"),
        ("password1", "12345678901"),
        ("password1", "dana@example.com"),
    ],
)
def test_it_says_beside_the_field_what_is_wrong(browser: Client, field: str, text: str) -> None:
    answer = browser.post(SIGN_UP, {**DANA, field: text})

    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.text
    assert not User.objects.exists()


@pytest.mark.parametrize("name", ["Praxis Dr. Müller & Söhne", "عيادة الميناء", "🦷 Dental <b>"])
def test_it_accepts_names_from_all_over_the_world(browser: Client, name: str) -> None:
    browser.post(SIGN_UP, {**DANA, "account": name})

    assert Account.objects.get().name == name


def test_it_copes_with_very_long_input(browser: Client) -> None:
    answer = browser.post(SIGN_UP, {field: "x" * 100_000 for field in DANA})

    assert answer.status_code == 422


def test_it_limits_sign_ups_from_one_network(db: None) -> None:
    def sign_up(number: int, address: str) -> Any:
        typed = {**DANA, "email": f"dana{number}@example.com"}
        return Client(REMOTE_ADDR=address).post(SIGN_UP, typed, follow=True)

    most = ActionLimit.SIGN_UPS_OF_NETWORK.value.most
    for number in range(most):
        sign_up(number, f"2001:db8:0:1::{number + 1}")

    page = sign_up(most, "2001:db8:0:1:ffff::1")
    other = sign_up(most + 1, "2001:db8:0:2::1")

    assert page.status_code == 422
    assert "At most 15 users can sign up per hour from one network. Try again in" in page.text
    assert f'value="dana{most}@example.com"' in page.text
    assert other.status_code == 200
    assert User.objects.count() == most + 1
