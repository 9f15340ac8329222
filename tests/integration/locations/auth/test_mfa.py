from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from locations.models import User
from tests.factory import PASSWORD, make_user
from tests.integration.locations.auth.conftest import app_code, sign_in
from tests.integration.locations.auth.test_sign_in import is_signed_in

STEP = "/sign-in/second-step/"


def codes_of(browser: Client) -> list[str]:
    codes: list[str] = browser.get("/settings/two-factor/codes/").context["unused_codes"]
    return codes


@pytest.mark.django_db(transaction=True)
def test_it_sets_up_an_app_by_code_or_key(sure: Client) -> None:
    page = sure.get("/settings/two-factor/app/")
    secret = page.context["form"].secret

    assert "<svg" in page.text and secret in page.text
    wrong = sure.post("/settings/two-factor/app/", {"code": "000000"})
    assert wrong.status_code == 422
    assert "This code is not correct" in wrong.text
    done = sure.post("/settings/two-factor/app/", {"code": app_code(secret)})

    assert done["Location"] == "/settings/two-factor/codes/"
    assert [letter.subject for letter in mail.outbox] == ["Two-factor is on"]


def test_it_requires_more_than_a_password_with_an_app(app_secret: str) -> None:
    browser = Client()

    answer = sign_in(browser)

    assert answer["Location"].startswith(STEP)
    assert not is_signed_in(browser)
    browser.post(STEP, {"code": app_code(app_secret, steps=1)})
    assert is_signed_in(browser)


def test_it_accepts_a_code_of_the_app_once(app_secret: str) -> None:
    code = app_code(app_secret, steps=1)
    first, second = Client(), Client()
    for browser in (first, second):
        sign_in(browser)

    first.post(STEP, {"code": code})
    answer = second.post(STEP, {"code": code})

    assert answer.status_code == 422
    assert is_signed_in(first) and not is_signed_in(second)


def test_it_accepts_a_recovery_code_once(sure: Client, app_secret: str) -> None:
    code = codes_of(sure)[0]

    for expected in (True, False):
        browser = Client()
        sign_in(browser)
        browser.post(STEP, {"code": code})
        assert is_signed_in(browser) is expected

    assert code not in codes_of(sure)


def test_it_downloads_and_replaces_recovery_codes(sure: Client, app_secret: str) -> None:
    before = codes_of(sure)
    paper = sure.get("/settings/two-factor/codes/download/")
    assert paper.text.split() == before
    assert "no-store" in paper["Cache-Control"]

    sure.post("/settings/two-factor/codes/new/")

    assert len(codes_of(sure)) == 10
    assert not set(before) & set(codes_of(sure))


def test_it_limits_the_number_of_wrong_codes(app_secret: str) -> None:
    browser = Client()
    sign_in(browser)
    for _ in range(5):
        browser.post(STEP, {"code": "000000"})

    answer = browser.post(STEP, {"code": app_code(app_secret, steps=1)})

    assert "Too many attempts" in answer.text
    assert not is_signed_in(browser)


def test_it_switches_the_app_off_after_a_question(sure: Client, app_secret: str) -> None:
    assert "Turn the app off" in sure.get("/settings/two-factor/app/remove/").text

    sure.post("/settings/two-factor/app/remove/")

    assert not Authenticator.objects.exists()
    assert sign_in(Client())["Location"] == "/"


def test_it_encrypts_the_apps_secrets_in_the_database(sure: Client, app_secret: str) -> None:
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))

    assert stored.count("v1.") == 2
    assert app_secret not in stored
    assert not any(code in stored for code in codes_of(sure))


def test_it_encrypts_app_secrets_anew_with_a_new_key(
    sure: Client, app_secret: str, settings: Settings
) -> None:
    before = codes_of(sure)
    old = settings.FIELD_ENCRYPTION_KEYS
    settings.FIELD_ENCRYPTION_KEYS = [b"n" * 32, *old]

    call_command("rotate_keys")
    settings.FIELD_ENCRYPTION_KEYS = [b"n" * 32]

    assert codes_of(sure) == before
    browser = Client()
    sign_in(browser)
    browser.post(STEP, {"code": app_code(app_secret, steps=1)})
    assert is_signed_in(browser)


def test_it_asks_again_before_two_factor_changes(browser: Client, alice: User) -> None:
    sign_in(browser)

    for page in ("/settings/two-factor/app/", "/settings/passkeys/add/"):
        assert browser.get(page)["Location"].startswith("/confirm/")


@pytest.mark.parametrize("page", ["", "app/", "codes/", "codes/new/", "codes/download/"])
def test_it_offers_two_factor_to_signed_in_users_only(browser: Client, db: None, page: str) -> None:
    answer = browser.get(f"/settings/two-factor/{page}")

    assert answer["Location"].startswith("/sign-in/")


def test_it_requires_the_first_step_before_the_second(browser: Client, db: None) -> None:
    assert browser.get(STEP)["Location"] == "/sign-in/"
    assert browser.post(STEP, {"code": "000000"})["Location"] == "/sign-in/"


@pytest.fixture
def passkey(alice: User) -> Authenticator:
    """A passkey of alice for display; no one can sign in with it."""
    data = {"name": "Laptop", "credential": {"clientExtensionResults": {"credProps": {"rk": True}}}}
    return Authenticator.objects.create(user=alice, type=Authenticator.Type.WEBAUTHN, data=data)


def test_it_lists_renames_and_removes_passkeys(sure: Client, passkey: Authenticator) -> None:
    assert "Laptop" in sure.get("/settings/passkeys/").text

    sure.post(f"/settings/passkeys/{passkey.pk}/", {"name": "Work laptop 🦊"})
    page = sure.get(f"/settings/passkeys/{passkey.pk}/remove/")
    assert "Work laptop 🦊" in page.text
    sure.post(f"/settings/passkeys/{passkey.pk}/remove/")

    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("name", ["", "\u200b", "x" * 61, "a\u202eb"])
def test_it_keeps_a_visible_name_for_a_passkey(
    sure: Client, passkey: Authenticator, name: str
) -> None:
    answer = sure.post(f"/settings/passkeys/{passkey.pk}/", {"name": name})

    assert answer.status_code == 422
    assert Authenticator.objects.get().wrap().name == "Laptop"


@pytest.mark.parametrize("what", ["", "remove/"])
def test_it_hides_the_passkeys_of_other_users(
    browser: Client, passkey: Authenticator, what: str
) -> None:
    make_user("charlie")
    sign_in(browser, "charlie@example.com")
    browser.post("/confirm/", {"password": PASSWORD})

    for number in (passkey.pk, passkey.pk + 1):
        assert browser.get(f"/settings/passkeys/{number}/{what}").status_code == 404
        answer = browser.post(f"/settings/passkeys/{number}/{what}", {"name": "Mine"})
        assert answer.status_code == 404
    assert Authenticator.objects.get().wrap().name == "Laptop"


def test_it_asks_the_browser_on_the_passkey_page(sure: Client) -> None:
    page = sure.get("/settings/passkeys/add/")

    assert page.context["js_data"]["creation_options"]["publicKey"]["rp"]["name"] == "Pairline"
    assert 'id="mfa_webauthn_add"' in page.text


def test_it_asks_for_a_passkey_on_sign_in(browser: Client, db: None) -> None:
    answer = browser.get("/sign-in/passkey/", headers={"Accept": "application/json"})

    assert "challenge" in answer.json()["request_options"]["publicKey"]


@pytest.mark.parametrize(
    "credential", ["", "{}", "[]", "null", "nonsense", '{"id": "x"}', "1" * 9999]
)
def test_it_refuses_a_passkey_that_does_not_exist(
    browser: Client, db: None, credential: str
) -> None:
    browser.get("/sign-in/passkey/", headers={"Accept": "application/json"})

    answer = browser.post("/sign-in/passkey/", {"credential": credential})

    assert answer["Location"] == "/sign-in/"
    assert not is_signed_in(browser)


@pytest.mark.parametrize("credential", ["{}", "[1]", '{"id": "x"}', "1" * 9999, "[" * 99999])
def test_it_adds_no_passkey_for_an_invalid_answer(sure: Client, credential: str) -> None:
    sure.get("/settings/passkeys/add/")

    answer = sure.post("/settings/passkeys/add/", {"name": "Mine", "credential": credential})

    assert answer.status_code == 422
    assert 'class="error' in answer.text
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("address", [STEP, "/confirm/passkey/"])
def test_it_accepts_no_invalid_answer_as_second_step(
    sure: Client, app_secret: str, address: str
) -> None:
    browser = sure if address != STEP else Client()
    if address == STEP:
        sign_in(browser)

    answer = browser.post(address, {"credential": '{"id": "x"}'})

    assert answer.status_code in (302, 422)
