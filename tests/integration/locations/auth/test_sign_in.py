from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from locations.models import User
from tests.factory import PASSWORD
from tests.integration.locations.auth.conftest import sign_in

SIGN_IN = "/sign-in/"
ALICE = {"login": "alice@example.com", "password": PASSWORD}


def is_signed_in(browser: Client) -> bool:
    return bool(browser.get(reverse("account_email")).status_code == 200)


def test_it_signs_in_by_e_mail_whatever_its_case(browser: Client, alice: User) -> None:
    answer = browser.post(SIGN_IN, {**ALICE, "login": " Alice@Example.com "})

    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_signed_in(browser)


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_it_answers_wrong_passwords_like_unknown_users(
    browser: Client, alice: User, email: str
) -> None:
    answer = browser.post(SIGN_IN, {"login": email, "password": "wrong"})

    assert answer.status_code == 422
    assert "do not match" in answer.text
    assert f'value="{email}"' in answer.text


def test_it_continues_to_the_requested_page(browser: Client, alice: User) -> None:
    asked = browser.get("/connect/")

    answer = browser.post(asked["Location"], ALICE)

    assert answer["Location"] == "/connect/"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "https:evil.example",
        "javascript:alert(1)",
        "http://testserver@evil.example/",
        "\thttps://evil.example/",
    ],
)
@pytest.mark.parametrize("by", ["query", "field"])
def test_it_never_goes_on_to_another_site(
    browser: Client, alice: User, elsewhere: str, by: str
) -> None:
    extra: dict[str, Any] = {"next": elsewhere}
    if by == "query":
        answer = browser.post(SIGN_IN, ALICE, query_params=extra)
    else:
        answer = browser.post(SIGN_IN, {**ALICE, **extra})

    assert answer["Location"] == "/"


def test_it_signs_out_by_post_only(signed_in: Client) -> None:
    assert "Sign out?" in signed_in.get("/sign-out/").text
    assert is_signed_in(signed_in)

    signed_in.post("/sign-out/")

    assert not is_signed_in(signed_in)


def test_it_redirects_the_whole_page_on_partial_requests(browser: Client, db: None) -> None:
    answer = browser.get("/", headers={"HX-Request": "true"}, follow=True)

    assert answer["HX-Redirect"] == SIGN_IN


def test_it_redirects_signed_in_users_from_the_sign_in(signed_in: Client) -> None:
    assert signed_in.get(SIGN_IN)["Location"] == "/"


def test_it_locks_the_sign_in_after_five_wrong_passwords(browser: Client, alice: User) -> None:
    for _ in range(5):
        assert "do not match" in browser.post(SIGN_IN, {**ALICE, "password": "x"}).text

    assert "Too many attempts" in browser.post(SIGN_IN, {**ALICE, "password": "x"}).text
    assert "Too many attempts" in browser.post(SIGN_IN, ALICE).text  # the right one, too
    assert not is_signed_in(browser)


def test_it_limits_each_address_on_its_own(browser: Client, alice: User, account: Any) -> None:
    for _ in range(6):
        browser.post(SIGN_IN, {"login": "bob@example.com", "password": "x"})

    assert sign_in(browser).status_code == 302


def test_it_counts_one_visitor_whatever_the_headers_say(browser: Client, alice: User) -> None:
    """No proxy is trusted, so forged addresses do not bypass the limits."""
    answers = [
        browser.post(
            SIGN_IN,
            {"login": f"p{number}@example.com", "password": "x"},
            headers={"X-Forwarded-For": f"203.0.113.{number}", "X-Real-IP": f"203.0.113.{number}"},
        )
        for number in range(11)
    ]

    assert "do not match" in answers[9].text
    assert "Too many attempts" in answers[10].text


def test_it_shows_a_page_of_ours_for_any_limit(browser: Client, db: None) -> None:
    for _ in range(30):
        browser.post(SIGN_IN, {"login": "", "password": ""})

    answer = browser.post(SIGN_IN, {"login": "", "password": ""})

    assert answer.status_code == 429
    assert "Wait a few minutes" in answer.text


def test_it_informs_inactive_users_only_after_the_password(browser: Client, alice: User) -> None:
    alice.is_active = False
    alice.save()

    assert "do not match" in browser.post(SIGN_IN, {**ALICE, "password": "x"}).text
    answer = browser.post(SIGN_IN, ALICE, follow=True)

    assert "is disabled" in answer.text
    assert not is_signed_in(browser)


@pytest.mark.parametrize(
    "text",
    [
        "x" * 100_000,
        "\u202eecila@example.com",
        "alice\u200b@example.com",
        "🦊@example.com",
        "alice@example.com\x00",
        "'; drop table users --",
        "",
    ],
)
@pytest.mark.parametrize("field", ["login", "password"])
def test_it_refuses_bad_input_in_words(browser: Client, alice: User, field: str, text: str) -> None:
    answer = browser.post(SIGN_IN, {**ALICE, field: text})

    assert answer.status_code == 422
    assert 'class="error' in answer.text
