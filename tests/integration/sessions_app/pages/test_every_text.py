"""Every text goes through gettext: in a language that puts each in brackets, none is bare.

The language is made here: Django's own tables know no catalog that translates everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override, trans_real

from conversations.models import Direction, MessageStatus
from locations.models import Account, Export, ExportKind
from sessions_app import wording
from sessions_app.lifecycle import Event, Reason, Status, Wanted
from sessions_app.models import Session, SessionEvent, SupportBundle
from sessions_app.wording import EVENTS, REASONS
from tests.factory import make_location, make_message, make_session

LANGUAGE = "en-x-long"
OPEN, CLOSE = "⟦", "⟧"
SPOKEN = {"aria-label", "placeholder", "title", "alt"}
# Data of these tests, and names that are the same in every language.
DATA = {
    "Pairline",
    "WhatsApp",
    "Lisbon",
    "Porto",
    "Faro",
    "Bea",
    "Hello",
    "UTC",
    "alice",
    "example",
}
DATA |= {"com", "Harbour", "Group", "HTTP", "HTTPS", "SOCKS", "proxy", "kB"}


class _TwiceAsLong(trans_real.DjangoTranslation):
    def gettext(self, message: str) -> str:
        return f"{OPEN}{message} {message}{CLOSE}"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@pytest.fixture
def twice_as_long() -> Iterator[None]:
    trans_real._translations[LANGUAGE] = _TwiceAsLong("en")  # type: ignore[attr-defined]
    with override(LANGUAGE):
        yield
    del trans_real._translations[LANGUAGE]  # type: ignore[attr-defined]


class _Bare(HTMLParser):
    """Collects the words outside of brackets, in texts and in accessible names."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._depth = 0
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("script", "style")
        for name, value in attrs:
            if name in SPOKEN and value:
                self._collect(value, 0)

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._depth = self._collect(data, self._depth)

    def _collect(self, text: str, depth: int) -> int:
        for part in re.findall(rf"[{OPEN}{CLOSE}]|[^{OPEN}{CLOSE}]+", text):
            if part in (OPEN, CLOSE):
                depth += 1 if part == OPEN else -1
            elif depth == 0:
                self.words += re.findall(r"[^\W\d_]{2,}", part)
        return depth


def bare_words(html: str) -> set[str]:
    found = _Bare()
    found.feed(html)
    return set(found.words) - DATA


def tell(session: Session) -> None:
    for version, event in enumerate(
        (Event.START, Event.QR_CODE, Event.QR_CODE, Event.CONNECTED, Event.DROPPED, Event.CONNECTED)
    ):
        SessionEvent.objects.create(
            session=session,
            at=timezone.now() - timedelta(hours=40 - 6 * version),
            event=event,
            old_status=Status.READY,
            new_status=Status.READY,
            reason=Reason.OK,
            actor="alice@example.com",
            version=version + 1,
        )


@pytest.fixture
def paths(account: Account) -> list[str]:
    """A page of each kind, with everything on it that can be."""
    ready = make_session(make_location(account, "Lisbon"))
    tell(ready)
    for status in MessageStatus:
        way = Direction.IN if status == MessageStatus.RECEIVED else Direction.OUT
        make_message(ready, direction=way, status=status, peer_name="Bea")
    waiting = make_session(make_location(account, "Porto"), Status.QR)
    down = make_session(
        make_location(account, "Faro"),
        Status.DISCONNECTED,
        reason=Reason.LOGGED_OUT,
        wanted=Wanted.LINKED,
    )
    other = make_session(
        make_location(account, "Porto Faro"),
        Status.DISCONNECTED,
        reason=Reason.OTHER_NUMBER,
        wanted=Wanted.LINKED,
        phone_number="+351912345678",
        jid="",
    )
    make_location(account, "Bea")
    of = {"ready": ready.pk, "waiting": waiting.pk, "down": down.pk, "other": other.pk}
    steps = [
        ("session", "ready"), ("session", "waiting"), ("session", "down"), ("messages", "ready"),
        ("session_stop", "ready"), ("session_unlink", "ready"), ("session_unlink", "waiting"),
        ("session", "other"), ("session_replace", "other"),
        ("session_pairing", "waiting"), ("session_name", "waiting"), ("session_bundle", "ready"),
    ]  # fmt: skip
    made = {"account": account, "session": ready, "asked_by": "alice@example.com"}
    bundles = [
        SupportBundle.objects.create(**made, state=state, size=3_000, ready_at=timezone.now())
        for state in ("waiting", "ready", "failed")
    ]
    asked = {"account": account, "asked_by": "alice@example.com", "kind": ExportKind.ACCOUNT}
    exports = [
        Export.objects.create(**asked, state=state, size=3_000, written=3_000, ready_at=at)
        for state, at in (("writing", None), ("ready", timezone.now()), ("failed", None))
    ]
    return [
        "/settings/account/",
        *(reverse("export", args=[export.pk]) for export in exports),
        "/settings/support/",
        *(reverse("bundle", args=[bundle.pk]) for bundle in bundles),
        "/",
        "/numbers/",
        "/numbers/?q=nothing",
        "/numbers/?status=preparing",
        f"/numbers/restart/?session={ready.pk}&session={down.pk}",
        "/connect/",
        *(reverse(name, args=[of[who]]) for name, who in steps),
    ]


def test_it_translates_every_word_of_a_page(
    alice: Client, paths: list[str], twice_as_long: None
) -> None:
    bare = {}
    for path in paths:
        answer = alice.get(path, follow=True)
        assert answer.status_code == 200, path
        if words := bare_words(_main(answer.text)):
            bare[path] = words

    assert not bare


def test_it_translates_every_word_of_empty_pages(alice: Client, twice_as_long: None) -> None:
    pages = {path: bare_words(_main(alice.get(path).text)) for path in ("/", "/numbers/")}

    assert not any(pages.values()), pages


def test_it_translates_every_word_after_a_press(
    alice: Client, account: Account, twice_as_long: None
) -> None:
    session = make_session(make_location(account, "Lisbon"), Status.QR)
    presses = [
        (reverse("session_pairing", args=[session.pk]), {"phone": "no number"}),
        (reverse("session_name", args=[session.pk]), {"name": "<b>"}),
        (reverse("messages", args=[session.pk]), {"to": "+351911111111", "text": "Hello"}),
        (reverse("connect"), {"location": ""}),
        (reverse("session_restart", args=[session.pk]), {}),
        (reverse("numbers_restart"), {"sessions": f"{session.pk},nonsense"}),
    ]
    bare = {}
    for path, fields in presses:
        if words := bare_words(_main(alice.post(path, fields, follow=True).text)):
            bare[path] = words

    assert not bare


@pytest.mark.parametrize("name", ["403.html", "403_csrf.html", "404.html", "500.html"])
def test_it_translates_every_word_of_error_pages(name: str, twice_as_long: None) -> None:
    assert not bare_words(render_to_string(name))


def test_it_marks_all_reasons_and_events_for_translation() -> None:
    source = re.sub(r'"\s*\n?\s*"', "", Path(wording.__file__).read_text())
    marked = set(re.findall(r'_\(\s*"((?:[^"\\]|\\.)*)"', source))

    spoken = {words.sentence for words in REASONS.values()}
    spoken |= {words.advice for words in REASONS.values()} | set(EVENTS.values())
    assert spoken <= marked


def _main(html: str) -> str:
    """Return the page's own content, without the shared header."""
    return html[html.index("<main") : html.index("</main>")]
