"""Mails to customers when WhatsApp acts on their numbers, read at a mail server.

The tests move times in the rows instead of waiting.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from tests.wire.product import EMAIL, Product, Simulator, free_port, wait_for

MINUTE, DAY = 60, 86_400
INCIDENT_TIMES = ("opened_at", "due_at", "told_at", "remind_at")


class Letterbox:
    """An SMTP handler that keeps every mail."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.letters.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"

    def subjects(self) -> list[str]:
        return [str(letter["Subject"]) for letter in self.letters]

    def of(self, place: str) -> list[str]:
        """Return the subjects of the mails about the location ``place``."""
        named = re.compile(rf"\b{place}\b")
        return [str(one["Subject"]) for one in self.letters if named.search(text_of(one))]


def text_of(letter: EmailMessage) -> str:
    body = letter.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


@pytest.fixture(scope="module")
def letterbox() -> Iterator[Letterbox]:
    box = Letterbox()
    controller = Controller(box, hostname="127.0.0.1", port=free_port())
    controller.start()
    box.port = controller.port  # type: ignore[attr-defined]
    yield box
    controller.stop()


@pytest.fixture(scope="module")
def mailed(
    tmp_path_factory: pytest.TempPathFactory, shared_simulator: Simulator, letterbox: Letterbox
) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("mailed")
    office = f"smtp://127.0.0.1:{letterbox.port}"  # type: ignore[attr-defined]
    running = Product(folder, shared_simulator, EMAIL_URL=office).start()
    yield running
    running.close()


def sql(product: Product, statement: str, *values: object) -> None:
    rows = sqlite3.connect(product.folder / "pairline.sqlite3", timeout=30)
    with rows:
        rows.execute(statement, values)
    rows.close()


def move(product: Product, session: str, seconds: int) -> None:
    """Move the incident of ``session`` back by ``seconds``, once there is one."""
    wait_for(lambda: incidents(product, session), "the incident")
    for name in INCIDENT_TIMES:
        earlier = f"strftime('%Y-%m-%d %H:%M:%f000', {name}, '-{seconds} seconds')"
        change = f"UPDATE notifications_incident SET {name} = {earlier}"  # noqa: S608  ours alone
        sql(product, f"{change} WHERE session_id = ?", session.replace("-", ""))


def incidents(product: Product, session: str) -> int:
    """Return the number of open incidents of the session."""
    rows = sqlite3.connect(product.folder / "pairline.sqlite3", timeout=30)
    counted = (
        "SELECT count(*) FROM notifications_incident WHERE session_id = ? AND ended_at IS NULL"
    )
    (count,) = rows.execute(counted, [session.replace("-", "")]).fetchone()
    rows.close()
    return int(count)


def place_of(product: Product, session: str) -> str:
    location = product.snapshot(session)["location"]
    return next(str(one["name"]) for one in product.customer["locations"] if one["id"] == location)


def keep_down(product: Product, simulator: Simulator, session: str, number: str) -> None:
    """Drop the number, and let WhatsApp refuse every reconnect."""
    simulator.fault("failure", number=number, reason=503, times=1000)
    simulator.fault("close", number=number)
    product.until(session, status="initializing")


def test_it_sends_mails_about_what_matters_only(
    mailed: Product, simulator: Simulator, letterbox: Letterbox
) -> None:
    """Six numbers at once: unlinked on the phone, banned, away for 2 and for 5 minutes, stopped in
    the dashboard, and one whose phone is silent for 12 days, over a restart of the product."""
    numbers = {name: mailed.link() for name in ("gone", "banned", "blip", "long", "off", "silent")}
    place = {name: place_of(mailed, session) for name, (session, _) in numbers.items()}

    for name in ("blip", "long"):
        keep_down(mailed, simulator, *numbers[name])
    simulator.unlink(numbers["gone"][1])
    banned = numbers["banned"]
    simulator.fault("failure", number=banned[1], reason=402, code=101, expire=3600)
    simulator.fault("close", number=banned[1])
    mailed.until(banned[0], reason="temp_ban")
    assert mailed.api("POST", f"sessions/{numbers['off'][0]}/stop/")[0] == 202
    move(mailed, numbers["blip"][0], 2 * MINUTE)
    move(mailed, numbers["long"][0], 5 * MINUTE)

    def heard(name: str, count: int) -> bool:
        return len(letterbox.of(place[name])) >= count

    for name in ("gone", "banned", "long", "off"):
        wait_for(lambda n=name: heard(n, 2), f"a mail about {name}")  # type: ignore[misc]
    simulator.clear_faults()
    for name in ("blip", "long"):
        mailed.until(numbers[name][0], status="ready")
    wait_for(lambda: heard("long", 3), "the mail that it is back")

    seen = "strftime('%Y-%m-%d %H:%M:%f000', 'now', '-12 days', '-1 hour')"
    silent = numbers["silent"][0].replace("-", "")
    assert mailed.stop() == 0
    sql(mailed, f"UPDATE sessions_app_session SET phone_seen_at = {seen} WHERE id = ?", silent)  # noqa: S608
    mailed.start()
    wait_for(lambda: heard("silent", 2), "the warning about the silent phone")

    assert {name: len(letterbox.of(place[name])) for name in numbers} == {
        "gone": 2,
        "banned": 2,
        "blip": 1,
        "long": 3,
        "off": 2,
        "silent": 2,
    }, letterbox.subjects()
    assert {str(letter["To"]) for letter in letterbox.letters} == {EMAIL}
    assert_fit_to_read(letterbox, mailed)


def assert_fit_to_read(letterbox: Letterbox, product: Product) -> None:
    """Check that there is text and HTML, a button to one of our pages, one recipient, no secret."""
    identifiers = [str(letter["Message-ID"]) for letter in letterbox.letters]
    assert len(set(identifiers)) == len(identifiers)
    for letter in letterbox.letters:
        text, html = letter.get_body(("plain",)), letter.get_body(("html",))
        assert text is not None
        assert html is not None
        assert product.address in text.get_content()
        assert f'href="{product.address}/' in html.get_content()
        assert "src=" not in html.get_content()
