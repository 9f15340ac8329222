"""What letters say of notices: the right words, numbers and times, whatever the facts lack."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse

from core.mail.content import MailContent, render
from locations.models import Role
from notifications.kinds import REMINDERS, NoticeKind
from notifications.mail_content import content_for, digest_letter
from notifications.models import Notice
from notifications.preferences.recipients import Reader
from sessions_app.lifecycle import Reason

AT = datetime(2026, 11, 3, 14, 2, tzinfo=UTC)
ALICE = Reader(1, uuid.uuid4(), "alice@example.com", Role.OWNER, time_zone="Asia/Tokyo")
VERA = replace(ALICE, role=Role.VIEWER, time_zone="Mars/Olympus")


def notice(kind: NoticeKind, place: str = "Lisbon", **facts: Any) -> Notice:
    about = {"location": place, "number": "+351912345678", "since": AT.isoformat()}
    return Notice(kind=kind, session_id=uuid.uuid4(), facts={**about, **facts}, at=AT)


def letter(*notices: Notice, reader: Reader = ALICE) -> MailContent:
    return content_for(NoticeKind(notices[0].kind), notices, "Harbour Group", reader)


def test_a_loss_says_what_happened_to_which_location_and_leads_to_its_page() -> None:
    lost = notice(NoticeKind.LOST, reason=Reason.LOGGED_OUT)

    said = letter(lost)

    assert said.subject == "Lisbon: The link was removed on the phone"
    assert said.lead == "Scan a new code to connect it again."
    assert said.button is not None
    assert said.button.path == reverse("session", args=[lost.session_id])
    assert ("Number", "+351\u00a0912\u00a0345\u00a0678") in said.facts
    assert ("Since", "3 November 2026, 23:02 (Tokyo time)") in said.facts


def test_a_reader_whose_zone_is_gone_reads_utc() -> None:
    said = letter(notice(NoticeKind.LOST, reason=Reason.LOGGED_OUT), reader=VERA)

    assert ("Since", "3 November 2026, 14:02 (UTC)") in said.facts


def test_several_are_listed_each_with_its_reason() -> None:
    said = letter(
        notice(NoticeKind.LOST, "Lisbon", reason=Reason.LOGGED_OUT),
        notice(NoticeKind.LOST, "Porto", reason=Reason.ACCOUNT_BANNED),
        notice(NoticeKind.LOST, "Faro", reason=Reason.PROXY_FAILED),
    )

    assert said.subject == "3 of your numbers lost their connection"
    assert [name for name, _says in said.rows] == ["Lisbon", "Porto", "Faro"]
    assert "banned" in said.rows[1][1] and "proxy" in said.rows[2][1]
    assert said.button is not None and said.button.path.startswith(reverse("numbers"))


def test_a_block_says_when_it_ends() -> None:
    ends = (AT + timedelta(hours=6)).isoformat()

    said = letter(notice(NoticeKind.LOST, reason=Reason.TEMP_BAN, until=ends))

    assert ("We connect it again", "4 November 2026, 05:02 (Tokyo time)") in said.facts


def test_what_comes_back_by_itself_announces_no_reminders() -> None:
    by_itself = letter(notice(NoticeKind.LOST, reason=Reason.UNREACHABLE))
    by_somebody = letter(notice(NoticeKind.LOST, reason=Reason.LOGGED_OUT))

    assert "remind" not in render(by_itself).text
    assert "remind you after 1, 3 and 7 days" in render(by_somebody).text


@pytest.mark.parametrize(("days", "is_last"), [(1, False), (3, False), (7, True)])
def test_a_reminder_says_for_how_long_and_whether_it_is_the_last(days: int, is_last: bool) -> None:
    said = letter(notice(NoticeKind.REMINDER, reason=Reason.LOGGED_OUT, days=days))

    unit = "day" if days == 1 else "days"
    assert said.subject == f"Lisbon: Not connected for {days} {unit}"
    assert ("This is the last reminder." in said.paragraphs) is is_last


def test_a_reminder_of_what_should_have_come_back_does_not_say_to_wait() -> None:
    said = letter(notice(NoticeKind.REMINDER, reason=Reason.UNREACHABLE, days=3))

    assert said.lead == "It does not come back by itself: restart it on its page."


def test_it_promises_the_reminders_that_there_will_be() -> None:
    days = [str(after.days) for after in REMINDERS]

    text = render(letter(notice(NoticeKind.LOST, reason=Reason.LOGGED_OUT))).text

    assert f"after {days[0]}, {days[1]} and {days[2]} days, then no" in text
    assert len(days) == 3


@pytest.mark.parametrize("change", ["suspended", "past_due", "plan", "resumed"])
def test_the_end_of_a_trial_stands_only_where_it_matters(change: str) -> None:
    said = letter(notice(NoticeKind.PLAN, change=change, ends_at=AT.isoformat()))

    assert "November" not in render(said).text


def test_a_phone_that_is_away_gets_the_day_on_which_whatsapp_unlinks_it() -> None:
    seen = datetime(2026, 10, 22, 20, 0, tzinfo=UTC)

    said = letter(notice(NoticeKind.PHONE_OFFLINE, days=12, since=seen.isoformat()))

    assert said.subject == "Lisbon: The phone has not been online for 12 days"
    assert said.lead == "Open WhatsApp on the phone before 6 November 2026."  # in Tokyo


def test_of_several_phones_the_first_to_be_unlinked_sets_the_day() -> None:
    seen = [datetime(2026, 10, day, 3, 0, tzinfo=UTC).isoformat() for day in (24, 22)]

    said = letter(
        *(notice(NoticeKind.PHONE_OFFLINE, f"Place {at}", days=10, since=at) for at in seen)
    )

    assert "before 5 November 2026" in said.lead


def test_a_recovery_says_how_long_it_was_down() -> None:
    said = letter(notice(NoticeKind.RECOVERED, seconds=4_812))

    assert said.subject == "Lisbon: Connected again"
    assert "It was down for 1 hour and 20 minutes." in said.why


def test_a_stop_says_who_did_it() -> None:
    said = letter(notice(NoticeKind.STOPPED, reason=Reason.USER_DISCONNECT, by="bob@example.com"))

    assert said.subject == "Lisbon: Stopped by bob@example.com"
    assert "no new scan" in said.paragraphs[0]


def test_of_several_changes_of_a_plan_the_latest_is_told() -> None:
    early, late = (
        notice(NoticeKind.PLAN, change="suspended"),
        notice(NoticeKind.PLAN, change="resumed"),
    )
    late.at = AT + timedelta(minutes=1)

    assert letter(late, early).subject == "Harbour Group: Your numbers work again"


def test_a_webhook_is_named_by_its_host() -> None:
    hook = {"webhook": str(uuid.uuid4()), "why": "It answered with 500."}
    off = [
        notice(NoticeKind.WEBHOOK_OFF, host=site, url=f"https://{site}/secret?key=secret", **hook)
        for site in ("crm.example.com", "hooks.example.net")
    ]

    for said in (letter(off[0]), letter(*off)):
        mail = render(said)
        assert "crm.example.com" in mail.text and "It answered with 500." in mail.text
        assert "secret" not in mail.text + mail.html
    assert said.subject == "2 webhooks of Harbour Group were switched off"


@pytest.mark.parametrize("kind", NoticeKind)
def test_it_says_why_this_person_gets_it(kind: NoticeKind) -> None:
    owner, viewer = (" ".join(letter(notice(kind), reader=r).small) for r in (ALICE, VERA))

    if kind is NoticeKind.BUNDLE_READY:
        assert "because you asked for it" in owner
    else:
        assert "as an owner of Harbour Group" in owner
        assert "as a viewer of Harbour Group" in viewer
    assert "Owners always" not in viewer


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("facts", [{}, {"since": "yesterday", "days": "x", "reason": "new"}])
def test_one_that_lacks_its_facts_holds_up_nobody(kind: NoticeKind, facts: dict[str, str]) -> None:
    empty = Notice(kind=kind, facts=facts, at=AT)
    for notices in ([empty], [empty, Notice(kind=kind, facts=facts, at=AT)]):
        mail = render(content_for(kind, notices, "Harbour Group", ALICE))
        assert "None" not in mail.subject + mail.text
        assert mail.subject


@pytest.mark.parametrize("reason", Reason)
def test_whatever_reason_a_loss_has_it_is_told(reason: Reason) -> None:
    said = letter(notice(NoticeKind.LOST, reason=reason))

    assert said.lead and said.subject.startswith("Lisbon: ")


def test_the_summary_counts_those_that_are_still_lost() -> None:
    lost = notice(NoticeKind.LOST, "Lisbon", reason=Reason.LOGGED_OUT)
    blip = notice(NoticeKind.LOST, "Porto", reason=Reason.RECONNECTING)
    back = notice(NoticeKind.RECOVERED, "Porto", seconds=300)
    back.session_id, back.at = blip.session_id, AT + timedelta(minutes=5)

    both = [(NoticeKind.LOST, [lost, blip]), (NoticeKind.RECOVERED, [back])]
    said = digest_letter(both, "Harbour Group", ALICE)

    assert said.subject == "Harbour Group: your summary of 3 November 2026"
    assert said.lead == "1 number needs you. Its page says what to do."
    assert [section.title for section in said.sections] == [
        "A number lost its connection · 2",
        "A number is connected again",
    ]
    calm = digest_letter([(NoticeKind.RECOVERED, [back])], "Harbour Group", ALICE)
    assert calm.lead == "Nothing to do: this is what happened."
