"""The content of a mail, and its rendering as text and HTML.

All mails have one form: what to do, one button that leads to the right page, the numbers
concerned, the reason, since when, and what happens if the recipient does nothing. Callers build
a ``MailContent``; only this module renders mails.
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
    """A link. A ``path`` that starts with a slash is relative to PUBLIC_URL; one that starts
    with "http" is used as it is."""

    label: str
    path: str

    @property
    def url(self) -> str:
        return self.path if self.path.startswith("http") else f"{settings.PUBLIC_URL}{self.path}"


@dataclass(frozen=True)
class Section:
    """A list of rows under its own heading. See ``MailContent.rows``."""

    title: str
    rows: Sequence[Pair]

    @property
    def shown(self) -> Sequence[Pair]:
        return self.rows[:ROWS_SHOWN]

    @property
    def left(self) -> int:
        """The number of rows that are not shown."""
        return max(len(self.rows) - ROWS_SHOWN, 0)


@dataclass(frozen=True)
class MailContent:
    """The parts of a mail, in the recipient's language.

    ``subject``: what happened, and to what. ``lead``: what to do. ``code``: a code to type.
    ``steps``: instructions in order. ``rows``: the numbers concerned, if there are several; pass
    all of them, the first twenty are shown. ``sections``: more rows, each list under a heading.
    ``why``: the reason. ``facts``: pairs such as ("Since", "3 November 2026, 14:02 (Lisbon
    time)"). ``paragraphs``: what happens if the recipient does nothing. ``small``: the footer.
    ``unsubscribe``: the path of the unsubscribe page, or "" if there is none."""

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
        """All rows: first ``rows``, without a heading, then the ``sections``."""
        return (*([Section("", self.rows)] if self.rows else []), *self.sections)


@dataclass(frozen=True)
class RenderedMail:
    """A mail ready to send. ``subject`` is always a single line."""

    subject: str
    text: str
    html: str
    headers: Mapping[str, str]


def render(content: MailContent, language: str = "en") -> RenderedMail:
    """Render ``content`` as text and HTML, with the template's own words in ``language``."""
    content = _on_single_lines(content)
    with translation.override(language):
        context = {
            "mail": content,
            "site": settings.PUBLIC_URL,
            "language": language,
            "direction": "rtl" if translation.get_language_bidi() else "ltr",
        }
        return RenderedMail(
            subject=shortened(content.subject, SUBJECT_CHARACTERS),
            text=wrapped(render_to_string("core/mail/mail.txt", context)),
            html=render_to_string("core/mail/mail.html", context),
            headers=content.headers,
        )


def message_of(
    mail: RenderedMail, to: str, connection: BaseEmailBackend | None = None
) -> EmailMultiAlternatives:
    """Return ``mail`` as a message to one address, for mails that are sent within a request."""
    message = EmailMultiAlternatives(
        mail.subject, mail.text, to=[to], headers=dict(mail.headers), connection=connection
    )
    message.attach_alternative(mail.html, "text/html")
    return message


def _on_single_lines(content: MailContent) -> MailContent:
    """Put each text on one line, so that a name cannot pose as a paragraph or a header."""
    return replace(
        content,
        subject=one_line(content.subject),
        lead=one_line(content.lead),
        steps=_lines(content.steps),
        rows=_pairs(content.rows),
        sections=[Section(one_line(s.title), _pairs(s.rows)) for s in content.sections],
        why=one_line(content.why),
        facts=_pairs(content.facts),
        paragraphs=_lines(content.paragraphs),
        small=_lines(content.small),
        account=one_line(content.account),
    )


def _lines(texts: Sequence[str]) -> Sequence[str]:
    return [one_line(text) for text in texts]


def _pairs(pairs: Sequence[Pair]) -> Sequence[Pair]:
    return [(one_line(name), one_line(value)) for name, value in pairs]
