"""The common form of all mails, with ordinary and hostile content."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from pytest_django import Settings

from core.mail.content import Button, MailContent, RenderedMail, Section, message_of, render
from core.mail.text import WIDTH
from tests.unit.notifications.mail_content.colours import contrast, looks

NAMES = [
    "Harbour <b>Dental</b> & Sons",
    'a"><script>alert(1)</script>',
    "👩‍⚕️ Évora",
    "عيادة الميناء",
    "x" * 120,
    "Eve\r\nBcc: all@example.com\r\n\r\n<h1>Pay here</h1>",
    "Eve\u2028Bcc: all@example.com\x00\x0b\u202e",
]


def letter(name: str = "Harbour Dental", **more: object) -> MailContent:
    """Return a mail with all parts, about ``name``."""
    fields: dict[str, object] = {
        "subject": f"{name}: The link was removed on the phone",
        "lead": "Scan a new code to connect it again.",
        "button": Button("Get a new code", "/sessions/7/"),
        "code": "7QK2MX",
        "steps": [f"Open {name}.", "Scan the code."],
        "rows": [(name, "The link was removed on the phone")],
        "sections": [Section("Lost", [(name, "Not connected for 3 days")])],
        "why": f"Somebody removed {name} on the phone.",
        "facts": [("Location", name)],
        "paragraphs": [f"Until then nothing comes in at {name}. " * 3],
        "small": [f"You get this mail as an owner of {name}."],
        "account": name,
        "unsubscribe": "/unsubscribe/x/",
    }
    return MailContent(**{**fields, **more})  # type: ignore[arg-type]


def sent(mail: RenderedMail) -> EmailMessage:
    """``mail`` as a mail program reads what went over the wire."""
    read = message_from_bytes(
        message_of(mail, "alice@example.com").message().as_bytes(), policy=policy.default
    )
    assert isinstance(read, EmailMessage)
    return read


@pytest.mark.parametrize("name", NAMES)
def test_it_keeps_a_name_within_the_subject(name: str) -> None:
    mail = sent(render(letter(name)))

    assert mail["Bcc"] is None
    assert mail["To"] == "alice@example.com"
    assert len(mail["Subject"].splitlines()) == 1
    assert {key.lower() for key in mail} <= {
        "subject", "from", "to", "date", "message-id", "mime-version", "content-type"
    }  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_it_shows_a_name_only_as_text(name: str) -> None:
    mail = render(letter(name))

    assert "<script" not in mail.html and "<b>Dental" not in mail.html
    assert "<h1>Pay" not in mail.html
    assert "\nBcc:" not in mail.text
    shown = " ".join(name.replace("\u2028", " ").split())[:9].split(" ")[0]
    assert shown in mail.text and shown in mail.subject


def test_it_shortens_long_subjects_with_an_ellipsis() -> None:
    assert render(letter("x" * 300)).subject == f"{'x' * 199}…"


def test_it_keeps_emoji_of_several_parts_as_one() -> None:
    assert "👩‍⚕️ Évora" in render(letter("👩‍⚕️ Évora")).subject


def test_it_starts_a_mail_with_its_lead(
    settings: Settings,
) -> None:
    settings.PUBLIC_URL = "https://pairline.example"

    mail = render(letter(code=""))

    lines = [line for line in mail.text.splitlines() if line]
    assert lines[:3] == [
        "Scan a new code to connect it again.",
        "Get a new code:",
        "https://pairline.example/sessions/7/",
    ]
    assert mail.html.count('class="button" href="https://pairline.example/sessions/7/"') == 1


def test_it_wraps_text_at_the_permitted_width() -> None:
    long = letter("Harbour " * 14)

    for line in render(long).text.splitlines():
        assert len(line) <= WIDTH


def test_it_lists_twenty_and_counts_the_rest() -> None:
    rows = [(f"Place {n}", "Not connected") for n in range(1, 52)]

    mail = render(letter(rows=rows))

    for part in (mail.text, mail.html):
        assert "Place 20" in part and "Place 21" not in part
        assert "and 31 more" in part


def test_it_lists_twenty_without_counting_nothing() -> None:
    mail = render(letter(rows=[(f"Place {n}", "") for n in range(20)]))

    assert "Place 19" in mail.text
    assert "more" not in mail.text.replace("any more", "")


def test_it_offers_no_unsubscribe_where_mail_is_required() -> None:
    mail = render(letter(unsubscribe=""))

    assert "unsubscribe" not in mail.text + mail.html


@pytest.mark.parametrize("dark", [False, True])
def test_it_keeps_every_text_readable_on_its_background(dark: bool) -> None:
    found = looks(render(letter()).html, dark=dark)

    assert len(found) >= 6
    for colour, ground in found:
        assert contrast(colour, ground) >= 4.5, (colour, ground)
    dark_grounds = [contrast(ground, "#ffffff") > 10 for _colour, ground in found]
    assert any(dark_grounds) is dark


def test_it_counts_contrast_as_others_do() -> None:
    assert round(contrast("#000000", "#ffffff"), 2) == 21
    assert round(contrast("#777777", "#ffffff"), 2) == 4.48


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl"), ("he", "rtl")])
def test_it_runs_as_its_language_does(language: str, direction: str) -> None:
    html = render(letter(), language).html

    assert f'<html lang="{language}" dir="{direction}">' in html
    assert f'lang="{language}" dir="{direction}" style' in html  # where <html> is stripped
    assert "text-align:left" not in html and "text-align:right" not in html


def test_it_loads_nothing_and_runs_nothing() -> None:
    html = render(letter()).html

    for banned in ("src=", "<script", "<img", "url(", "@import", "<link", "javascript:"):
        assert banned not in html
