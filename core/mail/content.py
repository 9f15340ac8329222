"""Letters: what every mail of the product is made of, and how it becomes text and HTML.

One form for all: what to do, one button to the very page, the numbers that it is about, why, since
when, what happens if nothing is done. Who has something to say makes a ``Letter``; nothing else
renders mails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.template.loader import render_to_string
from django.utils import translation

from core.mail.text import one_line, shortened, wrapped

SUBJECT_CHARACTERS = 200
ROWS_SHOWN = 20
Pair = tuple[str, str]


@dataclass(frozen=True)
class Button:
    """``path`` begins with a slash, and the address of the site is put before it; what begins
    with http is the whole address."""

    label: str
    path: str

    @property
    def url(self) -> str:
        return self.path if self.path.startswith("http") else f"{settings.PUBLIC_URL}{self.path}"


@dataclass(frozen=True)
class Section:
    """Some of many things under a heading of their own; ``rows`` as a letter's."""

    title: str
    rows: Sequence[Pair]

    @property
    def shown(self) -> Sequence[Pair]:
        return self.rows[:ROWS_SHOWN]

    @property
    def left(self) -> int:
        """How many are not shown."""
        return max(len(self.rows) - ROWS_SHOWN, 0)


@dataclass(frozen=True)
class Letter:
    """``subject`` says what happened to what, ``lead`` what to do. ``code`` is to be typed
    somewhere, ``steps`` are done one after the other. ``rows`` are the numbers when it is about
    several (all of them: the first twenty are shown), ``sections`` the same under headings.
    ``why`` it happened; ``facts`` are pairs such as ("Since", "3 November 2026, 14:02 (Lisbon
    time)"); ``paragraphs`` say what happens if nothing is done. ``small`` stands under it all.
    ``unsubscribe`` is the path of the page that ends such mails; "": they cannot be ended."""

    subject: str
    lead: str
    button: Button | None = None
    code: str = ""
    steps: Sequence[str] = ()
    rows: Sequence[Pair] = ()
    sections: Sequence[Section] = ()
    why: str = ""
    facts: Sequence[Pair] = ()
    paragraphs: Sequence[str] = ()
    small: Sequence[str] = ()
    account: str = ""
    unsubscribe: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def lists(self) -> Sequence[Section]:
        """All rows: those of the letter itself, then those under headings."""
        return (*([Section("", self.rows)] if self.rows else []), *self.sections)


@dataclass(frozen=True)
class Rendered:
    """A mail ready to go; ``subject`` is one line, whatever the names in it held."""

    subject: str
    text: str
    html: str
    headers: Mapping[str, str]


def rendered(letter: Letter, language: str = "en") -> Rendered:
    """``letter`` as text and HTML in ``language``, with the headers that go with it."""
    letter = _tidy(letter)
    with translation.override(language):
        context = {
            "letter": letter,
            "site": settings.PUBLIC_URL,
            "language": language,
            "direction": "rtl" if translation.get_language_bidi() else "ltr",
        }
        return Rendered(
            subject=shortened(letter.subject, SUBJECT_CHARACTERS),
            text=wrapped(render_to_string("core/mail/mail.txt", context)),
            html=render_to_string("core/mail/mail.html", context),
            headers=letter.headers,
        )


def message_of(
    mail: Rendered, to: str, connection: BaseEmailBackend | None = None
) -> EmailMultiAlternatives:
    """``mail`` to one address, for what is sent while somebody waits."""
    message = EmailMultiAlternatives(
        mail.subject, mail.text, to=[to], headers=dict(mail.headers), connection=connection
    )
    message.attach_alternative(mail.html, "text/html")
    return message


def _tidy(letter: Letter) -> Letter:
    """Each text of ``letter`` in one line: a name must not look like more than a name."""
    return replace(
        letter,
        subject=one_line(letter.subject),
        lead=one_line(letter.lead),
        steps=_lines(letter.steps),
        rows=_pairs(letter.rows),
        sections=[Section(one_line(s.title), _pairs(s.rows)) for s in letter.sections],
        why=one_line(letter.why),
        facts=_pairs(letter.facts),
        paragraphs=_lines(letter.paragraphs),
        small=_lines(letter.small),
        account=one_line(letter.account),
    )


def _lines(texts: Sequence[str]) -> Sequence[str]:
    return [one_line(text) for text in texts]


def _pairs(pairs: Sequence[Pair]) -> Sequence[Pair]:
    return [(one_line(name), one_line(value)) for name, value in pairs]
