"""Only a passkey that was added to replace the password signs a user in on its own."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.test import Client

from locations.models import User
from tests.factory import PASSWORD
from tests.integration.locations.auth.software_key import SoftwareKey
from tests.integration.locations.auth.test_sign_in import is_signed_in

ADD, ALONE = "/settings/passkeys/add/", "/sign-in/passkey/"


@pytest.fixture
def key(alice: User) -> SoftwareKey:
    return SoftwareKey(user_pk_to_url_str(alice).encode())


def add(browser: Client, key: SoftwareKey, **fields: str) -> None:
    options = browser.get(ADD).context["js_data"]["creation_options"]
    credential = key.register(options["publicKey"]["challenge"])
    answer = browser.post(ADD, {"name": "Phone", "credential": credential, **fields})
    assert answer.status_code == 302, answer.text


def sign_in_alone(browser: Client, key: SoftwareKey) -> Any:
    headers = {"X-Requested-With": "XMLHttpRequest", "Accept": "application/json"}
    options = browser.get(ALONE, headers=headers).json()["request_options"]
    proof = key.prove(options["publicKey"]["challenge"])
    return browser.post(ALONE, {"credential": proof}, follow=True)


def test_it_signs_in_with_keys_chosen_for_it(sure: Client, key: SoftwareKey) -> None:
    add(sure, key, passwordless="on")
    assert "replaces the password" in sure.get("/settings/passkeys/").text

    browser = Client()
    sign_in_alone(browser, key)

    assert is_signed_in(browser)


def test_it_refuses_a_second_step_alone(sure: Client, key: SoftwareKey) -> None:
    add(sure, key)
    page = sure.get("/settings/passkeys/").text
    assert "second step" in page and "replaces the password" not in page
    browser = Client()

    answer = sign_in_alone(browser, key)

    assert not is_signed_in(browser)
    assert "This passkey is only a second step" in answer.text


def test_it_accepts_the_second_step_after_the_password(
    sure: Client, alice: User, key: SoftwareKey
) -> None:
    add(sure, key)
    browser = Client()
    step = browser.post("/sign-in/", {"login": alice.email, "password": PASSWORD})["Location"]
    assert not is_signed_in(browser)

    options = browser.get(step).context["js_data"]["request_options"]
    browser.post(step, {"credential": key.prove(options["publicKey"]["challenge"])})

    assert is_signed_in(browser)


def test_it_treats_unmarked_keys_as_second_step(sure: Client, key: SoftwareKey) -> None:
    """Keys that were added before the choice was stored: the browser's word is not enough."""
    add(sure, key, passwordless="on")
    row = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN)
    del row.data["passwordless"]
    row.save()
    browser = Client()

    answer = sign_in_alone(browser, key)

    assert not is_signed_in(browser)
    assert "add it again" in answer.text
    assert "add it again" in sure.get("/settings/passkeys/").text
