"""The mail worker with a real mail server, whose replies decide the state of a mail."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings

from notifications.mail import queue
from notifications.mail.retry import SendOutcome
from notifications.mail.smtp_connection import MAILS_A_CONNECTION, SmtpConnection, SmtpWorker
from notifications.mail.worker import Batch, MailSender
from notifications.models import Mail, MailServerTrouble, StoppedAddress
from tests.factory import make_account, make_mail
from tests.integration.notifications.mail.post_office import (
    PostOffice,
    at_work,
    name_server,
    open_office,
    run,
    state_of,
    until,
)

pytestmark = pytest.mark.django_db(transaction=True)


async def _mail(to: str = "alice@example.com", **columns: Any) -> Mail:
    return await run(lambda: make_mail(None, to=to, **columns))


async def _tried(mail: Mail) -> None:
    await until(
        lambda: Mail.objects.filter(pk=mail.pk).exclude(state="waiting", attempts=0).exists(),
        "an attempt",
    )


async def test_it_sends_a_mail_once_and_deletes_its_text(office: PostOffice) -> None:
    mail = await _mail(headers={"List-Unsubscribe": "<https://example.com/u>"})

    async with at_work():
        await _tried(mail)

    (message,) = office.mails
    assert message["Message-ID"] == f"<{mail.pk}@localhost>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["From"] == "Pairline <pairline@localhost>"
    assert message["List-Unsubscribe"] == "<https://example.com/u>"
    assert message["Date"]
    assert message["X-PM-Metadata-mail"] is None  # for Postmark only
    assert message["Subject"] == "Harbour Dental lost its connection"
    assert {part.get_content_type() for part in message.iter_parts()} == {"text/plain", "text/html"}
    assert await state_of(mail, "state", "attempts", "text", "html") == ["sent", 1, "", ""]
    assert (await state_of(mail, "sent_at"))[0] is not None


@pytest.mark.parametrize(
    ("to", "state", "code", "words"),
    [
        ("busy", "waiting", 450, "try again later"),
        ("gone", "bounced", 550, "mailbox does not exist"),
        ("plain-gone", "bounced", 550, "mailbox does not exist"),
        ("policy", "failed", 550, "refused"),
        ("full", "failed", 552, "refused"),
        ("spam", "failed", 554, "refused"),
    ],
)
async def test_it_judges_the_reply_of_the_server(
    office: PostOffice, to: str, state: str, code: int, words: str
) -> None:
    mail = await _mail(f"{to}@example.com")

    async with at_work():
        await _tried(mail)

    assert await state_of(mail, "state", "attempts", "smtp_code") == [state, 1, code]
    assert words in (await state_of(mail, "error"))[0]
    stopped = await run(lambda: StoppedAddress.objects.exists())
    assert stopped is (state == "bounced")
    assert not office.mails


async def test_it_retries_a_deferred_mail_after_a_minute(office: PostOffice) -> None:
    mail = await _mail("busy@example.com")

    async with at_work():
        await _tried(mail)

    wait = (await state_of(mail, "next_attempt_at"))[0] - timezone.now()
    assert timedelta(seconds=50) < wait <= timedelta(seconds=66)


async def test_it_sends_other_mails_after_a_refusal(office: PostOffice) -> None:
    for to in ("gone", "spam", "busy", "policy"):
        await _mail(f"{to}@example.com")
    good = [await _mail(f"member-{n}@example.com") for n in range(20)]

    async with at_work():
        for mail in good:
            await _tried(mail)

    assert sorted(str(message["To"]) for message in office.mails) == sorted(m.to for m in good)


async def test_it_reuses_a_connection(office: PostOffice) -> None:
    mails = [await _mail(f"member-{n}@example.com") for n in range(12)]

    async with at_work():
        for mail in mails:
            await _tried(mail)

    assert office.connections == 1


def test_it_limits_the_mails_of_a_connection(office: PostOffice) -> None:
    from notifications.mail.queue import claim

    for n in range(MAILS_A_CONNECTION + 1):
        make_mail(None, to=f"member-{n}@example.com")
    connection = SmtpConnection()

    fates = {connection.send(outgoing).outcome for outgoing in claim(MAILS_A_CONNECTION + 1)}
    connection.close()

    assert fates == {SendOutcome.SENT}
    assert office.connections == 2


async def test_it_reconnects_when_the_server_limits_a_connection(office: PostOffice) -> None:
    office.closes_after = 3
    mails = [await _mail(f"member-{n}@example.com") for n in range(8)]

    async with at_work():
        for mail in mails:
            await _tried(mail)

    assert [await state_of(mail, "state", "attempts") for mail in mails] == [["sent", 1]] * 8
    assert office.connections == 3


async def test_it_counts_no_attempt_without_a_server(
    settings: Settings, unused_tcp_port: int
) -> None:
    name_server(settings, unused_tcp_port)
    mails = [await _mail(f"member-{n}@example.com") for n in range(5)]

    async with at_work() as sender:
        await until(lambda: MailServerTrouble.objects.exists(), "the trouble to be noted")
        await until(
            lambda: Mail.objects.due(timezone.now()).count() == 5, "the mails to be given back"
        )
        assert not sender._circuit.whole
    assert [await state_of(mail, "state", "attempts") for mail in mails] == [["waiting", 0]] * 5
    assert "cannot be reached" in (await run(lambda: MailServerTrouble.objects.get())).error

    with open_office(settings, unused_tcp_port) as office:
        async with at_work():
            for mail in mails:
                await _tried(mail)
    assert len(office.mails) == 5
    assert not await run(lambda: MailServerTrouble.objects.exists())


@pytest.mark.parametrize(
    "answer", ["421 4.3.2 Going down", "451 4.3.0 Out of order", "530 Sign in"]
)
async def test_it_counts_no_attempt_if_every_mail_is_refused(
    office: PostOffice, answer: str
) -> None:
    office.refuses_everything = answer
    mail = await _mail()

    async with at_work():
        await until(lambda: MailServerTrouble.objects.exists(), "the trouble to be noted")

    assert await state_of(mail, "state", "attempts") == ["waiting", 0]


async def test_it_sends_nothing_without_the_required_starttls(
    office: PostOffice, settings: Settings
) -> None:
    settings.EMAIL_USE_TLS = True
    mail = await _mail()

    async with at_work():
        await until(lambda: MailServerTrouble.objects.exists(), "the trouble to be noted")

    assert await state_of(mail, "state", "attempts") == ["waiting", 0]
    assert not office.mails


async def test_it_retries_after_a_lost_connection(office: PostOffice) -> None:
    mail = await _mail("close@example.com")

    async with at_work():
        await _tried(mail)
        await until(lambda: MailServerTrouble.objects.exists(), "the trouble to be noted")

    assert await state_of(mail, "state", "attempts", "smtp_code") == ["waiting", 1, None]


async def test_it_is_not_blocked_by_a_hanging_server(
    office: PostOffice, settings: Settings
) -> None:
    settings.EMAIL_TIMEOUT = 30
    await _mail("hang@example.com")

    async with at_work():
        await until(lambda: Mail.objects.due(timezone.now()).count() == 0, "the claim")
        began = time.monotonic()
        other = await _mail("bob@example.com")
        await _tried(other)
        await asyncio.sleep(0)
        assert time.monotonic() - began < 10

    assert time.monotonic() - began < 10
    assert [str(message["To"]) for message in office.mails] == ["bob@example.com"]


async def test_it_gives_back_unsent_mails_on_shutdown(
    office: PostOffice, settings: Settings
) -> None:
    settings.EMAIL_TIMEOUT = 30
    earlier = timezone.now() - timedelta(minutes=1)
    hangs = await _mail("hang@example.com", next_attempt_at=earlier)
    others = [await _mail(f"member-{n}@example.com") for n in range(3)]

    async with at_work():
        await until(lambda: Mail.objects.due(timezone.now()).count() == 0, "the claim")

    due = await run(lambda: set(Mail.objects.due(timezone.now()).values_list("pk", flat=True)))
    assert due == {mail.pk for mail in others}
    assert await state_of(hangs, "state", "attempts") == ["waiting", 0]


async def test_it_ends_an_attempt_after_its_timeout(office: PostOffice, settings: Settings) -> None:
    settings.EMAIL_TIMEOUT = 30
    mail = await _mail("hang@example.com")

    async with at_work(attempt_seconds=0.2):
        await _tried(mail)

    assert await state_of(mail, "state", "attempts") == ["waiting", 1]


async def test_it_gives_up_after_three_days(office: PostOffice) -> None:
    days = timezone.now() - timedelta(days=3, minutes=1)
    old = await _mail(queued_at=days, error="The mail server cannot be reached.")
    last = await _mail("busy@example.com", queued_at=days + timedelta(hours=1), attempts=14)

    async with at_work():
        await until(lambda: Mail.objects.filter(state="failed").count() == 2, "the end of both")

    assert await state_of(old, "attempts", "error") == [
        0,
        "Given up after three days. The mail server cannot be reached.",
    ]
    assert await state_of(last, "attempts") == [15]
    assert not office.mails


async def test_it_prints_mails_without_a_server(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    mail = await _mail()

    async with at_work():
        await _tried(mail)

    assert "To: alice@example.com" in capsys.readouterr().out


async def test_it_fails_only_the_mail_that_is_broken(office: PostOffice) -> None:
    bad = await _mail(headers={"X-Injected": "one\r\nBcc: mallory@example.com"})
    good = await _mail("bob@example.com")

    async with at_work():
        await _tried(bad)
        await _tried(good)

    assert await state_of(bad, "state") == ["failed"]
    assert [str(message["To"]) for message in office.mails] == ["bob@example.com"]


async def test_it_sends_account_mails_without_a_tenant(office: PostOffice) -> None:
    mail = await run(lambda: make_mail(make_account()))

    async with at_work():
        await _tried(mail)

    assert await state_of(mail, "state") == ["sent"]


async def test_it_gives_back_what_its_lease_would_not_outlast(office: PostOffice) -> None:
    mails = [await _mail(f"member-{number}@example.com") for number in range(3)]
    in_time, *slow = await run(lambda: queue.claim(3))
    late = [replace(mail, usable_until=time.monotonic()) for mail in slow]
    with closing(SmtpWorker()) as line:
        await MailSender(run).do(Batch(line, deque([in_time, *late])))

    assert [str(message["To"]) for message in office.mails] == [in_time.to]
    states = [await state_of(mail, "state", "attempts") for mail in mails]
    assert sorted(states) == [["sent", 1], ["waiting", 0], ["waiting", 0]]
    assert {mail.mail for mail in await run(lambda: queue.claim(3))} == {one.mail for one in slow}
