from __future__ import annotations

from django.core import mail
from django.test import Client

from locations.models import User
from tests.integration.locations.auth.conftest import PostOffice, sign_in, text_of, without_tokens
from tests.integration.locations.auth.test_sign_in import is_signed_in

ASK, TYPE = "/sign-in/code/", "/sign-in/code/confirm/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


def mailed_code(post_office: PostOffice) -> str:
    return str(post_office.last()["Subject"]).split()[0]


def test_it_signs_in_with_a_mailed_code(
    browser: Client, alice: User, post_office: PostOffice
) -> None:
    asked = browser.post(ASK, {"email": "alice@example.com"}, follow=True)
    assert "Enter the code" in asked.text
    code = mailed_code(post_office)
    assert code in text_of(post_office.last())

    wrong = browser.post(TYPE, {"code": "nonsense"})
    assert wrong.status_code == 422
    browser.post(TYPE, {"code": code.lower()})

    assert is_signed_in(browser)


def test_it_accepts_a_mailed_code_in_its_own_browser(
    browser: Client, alice: User, post_office: PostOffice
) -> None:
    browser.post(ASK, {"email": "alice@example.com"})

    other = Client()
    assert other.post(TYPE, {"code": mailed_code(post_office)})["Location"] == ASK
    assert not is_signed_in(other)


def test_it_stops_accepting_codes_after_three_wrong_ones(
    browser: Client, alice: User, post_office: PostOffice
) -> None:
    browser.post(ASK, {"email": "alice@example.com"})
    for _ in range(3):
        browser.post(TYPE, {"code": "nonsense"})

    browser.post(TYPE, {"code": mailed_code(post_office)})

    assert not is_signed_in(browser)


def test_it_reveals_no_unknown_address_on_a_code_request(
    alice: User, post_office: PostOffice
) -> None:
    seen = []
    for email in ("alice@example.com", "nobody@example.com"):
        browser = Client()
        browser.get(ASK)
        answer = browser.post(ASK, {"email": email})
        after = browser.get(answer["Location"])
        wrong = browser.post(TYPE, {"code": "nonsense"})
        pages = [without_tokens(page.text).replace(email, "…") for page in (after, wrong)]
        seen.append((answer.status_code, answer["Location"], sorted(answer.cookies), *pages))

    assert seen[0] == seen[1]
    assert post_office.last()["Subject"] == "There is no account with this address"


def test_it_mails_codes_at_most_three_times_a_minute(alice: User) -> None:
    answers = [Client().post(ASK, {"email": "alice@example.com"}) for _ in range(4)]

    assert [answer.status_code for answer in answers] == [302] * 3 + [422]
    assert len(mail.outbox) == 3


def test_it_requires_the_second_step_after_a_code(app_secret: str, post_office: PostOffice) -> None:
    browser = Client()
    browser.post(ASK, {"email": "alice@example.com"})

    answer = browser.post(TYPE, {"code": mailed_code(post_office)})

    assert answer["Location"].startswith("/sign-in/second-step/")
    assert not is_signed_in(browser)


def test_it_lists_where_a_person_is_signed_in(signed_in: Client) -> None:
    elsewhere = Client(headers={"User-Agent": FIREFOX})
    sign_in(elsewhere)

    page = signed_in.get("/settings/sign-ins/").text

    assert "Firefox, Windows" in page
    assert "127.0.0.1" in page
    assert page.count("this one") == 1


def test_it_ends_other_sign_ins_on_request(signed_in: Client) -> None:
    elsewhere = Client(headers={"User-Agent": FIREFOX})
    sign_in(elsewhere)

    answer = signed_in.post("/settings/sign-ins/", follow=True)

    assert "You are signed out everywhere else." in answer.text
    assert is_signed_in(signed_in)
    assert not is_signed_in(elsewhere)


def test_it_escapes_a_strange_browser_name(signed_in: Client) -> None:
    sign_in(Client(headers={"User-Agent": "<script>alert(1)</script>\u202e" + "x" * 300}))

    page = signed_in.get("/settings/sign-ins/").text

    assert "&lt;script&gt;" in page
    assert "<script>alert" not in page
