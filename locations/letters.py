"""Letters: what every mail of the product is made of, and how it becomes text and HTML.

One form for all: what happened, what to do, one button to the very page, why, since when, what
happens if nothing is done. Who has something to say makes a ``Letter``; nothing else renders
mails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation


@dataclass(frozen=True)
class Button:
    """``path`` begins with a slash; the address of the site is put before it."""

    label: str
    path: str

    @property
    def url(self) -> str:
        return f"{settings.PUBLIC_URL}{self.path}"


@dataclass(frozen=True)
class Letter:
    """``subject`` says what happened to what, ``lead`` what to do. ``facts`` are pairs such as
    ("Since", "3 November 14:02 (Lisbon)"); ``rows`` the numbers when it is about several;
    ``paragraphs`` why, and what happens if nothing is done. ``small`` stands under it all.
    ``unsubscribe`` is the path of the page that ends such mails; "": they cannot be ended."""

    subject: str
    lead: str
    button: Button | None = None
    facts: Sequence[tuple[str, str]] = ()
    rows: Sequence[tuple[str, str]] = ()
    paragraphs: Sequence[str] = ()
    small: Sequence[str] = ()
    account: str = ""
    unsubscribe: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Rendered:
    """A mail ready to go; ``subject`` is one line, whatever the names in it held."""

    subject: str
    text: str
    html: str
    headers: Mapping[str, str]


SUBJECT_CHARACTERS = 200


def rendered(letter: Letter, language: str = "en") -> Rendered:
    """``letter`` as text and HTML in ``language``, with the headers that go with it."""
    with translation.override(language):
        context = {
            "letter": letter,
            "site": settings.PUBLIC_URL,
            "language": language,
            "direction": "rtl" if translation.get_language_bidi() else "ltr",
        }
        return Rendered(
            subject=one_line(letter.subject)[:SUBJECT_CHARACTERS],
            text=render_to_string("mail/letter.txt", context),
            html=render_to_string("mail/letter.html", context),
            headers=letter.headers,
        )


def one_line(text: str) -> str:
    """``text`` without line breaks and other control characters, which could make headers."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
