from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.factory import PASSWORD, make_account, make_user

pytestmark = pytest.mark.django_db


def test_it_signs_in_by_e_mail_whatever_its_case() -> None:
    make_user("alice", make_account())

    answer = Client().post(
        reverse("account_login"), {"login": "Alice@Example.com", "password": PASSWORD}
    )

    assert (answer.status_code, answer["Location"]) == (302, reverse("dashboard"))


@pytest.mark.parametrize("email", ["alice@example.com", "nobody@example.com"])
def test_it_says_the_same_for_a_wrong_password_and_an_unknown_person(email: str) -> None:
    make_user("alice", make_account())

    answer = Client().post(reverse("account_login"), {"login": email, "password": "wrong"})

    assert answer.status_code == 422
    assert "do not go together" in answer.text
    assert f'value="{email}"' in answer.text


def test_it_goes_on_to_the_page_that_was_asked_for(client: Client) -> None:
    make_user("alice", make_account())
    asked = client.get(reverse("connect"))

    answer = client.post(asked["Location"], {"login": "alice@example.com", "password": PASSWORD})

    assert answer["Location"] == reverse("connect")


def test_it_never_goes_on_to_another_site(client: Client) -> None:
    make_user("alice", make_account())

    answer = client.post(
        reverse("account_login") + "?next=https://evil.example/",
        {"login": "alice@example.com", "password": PASSWORD},
    )

    assert answer["Location"] == reverse("dashboard")


def test_it_signs_out_by_post_only(alice: Client) -> None:
    assert alice.get(reverse("account_logout")).status_code == 405

    alice.post(reverse("account_logout"))

    assert alice.get(reverse("dashboard")).status_code == 302


def test_a_part_of_a_page_takes_the_whole_page_to_the_sign_in(client: Client) -> None:
    answer = client.get(reverse("dashboard"), headers={"HX-Request": "true"}, follow=True)

    assert answer["HX-Redirect"] == reverse("account_login")
