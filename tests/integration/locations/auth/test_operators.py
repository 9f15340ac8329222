from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from locations.accounts.provisioning import create_customer
from locations.models import User
from tests.factory import PASSWORD
from tests.integration.locations.auth.conftest import app_code, sign_in
from tests.integration.locations.auth.test_sign_in import is_signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _plain_files(settings: Settings) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


def test_it_signs_in_a_customer_created_by_the_command(browser: Client) -> None:
    create_customer(email="Dana@Example.com", password=PASSWORD, account="A", locations=["L"])

    assert sign_in(browser, "dana@example.com")["Location"] == "/"
    assert is_signed_in(browser)


def test_it_signs_in_an_operator_created_by_the_command(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("createsuperuser", email="Operator@Example.com", interactive=False, verbosity=0)

    asked = browser.get(reverse("admin:index"), follow=True)
    answer = browser.post(
        asked.redirect_chain[-1][0], {"login": "operator@example.com", "password": PASSWORD}
    )

    assert answer["Location"] == reverse("admin:index")
    assert browser.get(reverse("admin:index")).status_code == 200


def test_it_has_no_separate_sign_in_for_the_admin(browser: Client) -> None:
    User.objects.create_superuser("operator@example.com", PASSWORD)

    answer = browser.post(
        reverse("admin:login"), {"username": "operator@example.com", "password": PASSWORD}
    )

    assert answer["Location"].startswith("/sign-in/?next=")
    assert not is_signed_in(browser)


def test_it_asks_for_the_second_step_in_the_admin(
    signed_in: Client, alice: User, app_secret: str
) -> None:
    User.objects.update(is_staff=True, is_superuser=True)
    browser = Client()

    answer = browser.post("/sign-in/?next=/admin/", {"login": alice.email, "password": PASSWORD})
    assert answer["Location"].startswith("/sign-in/second-step/")
    assert browser.get("/admin/").status_code == 302
    browser.post(answer["Location"], {"code": app_code(app_secret, steps=1)})

    assert browser.get("/admin/").status_code == 200


def test_it_keeps_customers_out_of_the_admin(signed_in: Client) -> None:
    assert signed_in.get("/admin/", follow=True).status_code == 403


def test_it_lets_users_added_by_operators_confirm_their_address(browser: Client) -> None:
    User.objects.create_user("dana@example.com", PASSWORD)

    answer = browser.post(
        "/sign-in/", {"login": "dana@example.com", "password": PASSWORD}, follow=True
    )

    assert "Check your e-mail" in answer.text
    assert not EmailAddress.objects.get().verified
