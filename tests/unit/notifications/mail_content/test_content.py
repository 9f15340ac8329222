"""The content of mails: texts, numbers and times, even if facts are missing."""

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
from notifications.mail_content.by_kind import content_for
from notifications.mail_content.daily_summary import digest_mail
from notifications.models import Notice
from notifications.preferences.recipients import Recipient
from sessions_app.lifecycle import Reason

AT = datetime(2026, 11, 3, 14, 2, tzinfo=UTC)
ALICE = Recipient(1, uuid.uuid4(), "alice@example.com", Role.OWNER, time_zone="Asia/Tokyo")
VERA = replace(ALICE, role=Role.VIEWER, time_zone="Mars/Olympus")


def notice(kind: NoticeKind, place: str = "Lisbon", **facts: Any) -> Notice:
    about = {"location": place, "number": "+351912345678", "since": AT.isoformat()}
    return Notice(kind=kind, session_id=uuid.uuid4(), facts={**about, **facts}, at=AT)


def content(*notices: Notice, recipient: Recipient = ALICE) -> MailContent:
    return content_for(NoticeKind(notices[0].kind), notices, "Harbour Group", recipient)


def test_it_describes_a_loss_and_links_to_the_number() -> None:
    lost = notice(NoticeKind.LOST, reason=Reason.LOGGED_OUT)

    written = content(lost)

    assert written.subject == "Lisbon: The link was removed on the phone"
    assert written.lead == "Scan a new code to connect it again."
    assert written.button is not None
    assert written.button.path == reverse("session", args=[lost.session_id])
    assert ("Number", "+351\u00a0912\u00a0345\u00a0678") in written.facts
    assert ("Since", "3 November 2026, 23:02 (Tokyo time)") in written.facts


def test_it_uses_utc_for_an_unknown_time_zone() -> None:
    written = content(notice(NoticeKind.LOST, reason=Reason.LOGGED_OUT), recipient=VERA)

    assert ("Since", "3 November 2026, 14:02 (UTC)") in written.facts


def test_it_lists_several_losses_with_their_reasons() -> None:
    written = content(
        notice(NoticeKind.LOST, "Lisbon", reason=Reason.LOGGED_OUT),
        notice(NoticeKind.LOST, "Porto", reason=Reason.ACCOUNT_BANNED),
        notice(NoticeKind.LOST, "Faro", reason=Reason.PROXY_FAILED),
    )

    assert written.subject == "3 of your numbers lost their connection"
    assert [name for name, _text in written.rows] == ["Lisbon", "Porto", "Faro"]
    assert "banned" in written.rows[1][1] and "proxy" in written.rows[2][1]
    assert written.button is not None and written.button.path.startswith(reverse("numbers"))


def test_it_shows_when_a_block_ends() -> None:
    ends = (AT + timedelta(hours=6)).isoformat()

    written = content(notice(NoticeKind.LOST, reason=Reason.TEMP_BAN, until=ends))

    assert ("We reconnect it", "4 November 2026, 05:02 (Tokyo time)") in written.facts


def test_it_announces_reminders_only_if_action_is_needed() -> None:
    by_itself = content(notice(NoticeKind.LOST, reason=Reason.UNREACHABLE))
    by_somebody = content(notice(NoticeKind.LOST, reason=Reason.LOGGED_OUT))

    assert "remind" not in render(by_itself).text
    assert "remind you after 1, 3 and 7 days" in render(by_somebody).text


@pytest.mark.parametrize(("days", "is_last"), [(1, False), (3, False), (7, True)])
def test_it_shows_the_days_and_the_last_reminder(days: int, is_last: bool) -> None:
    written = content(notice(NoticeKind.REMINDER, reason=Reason.LOGGED_OUT, days=days))

    unit = "day" if days == 1 else "days"
    assert written.subject == f"Lisbon: Not connected for {days} {unit}"
    assert ("This is the last reminder." in written.paragraphs) is is_last


def test_it_advises_a_restart_in_reminders() -> None:
    written = content(notice(NoticeKind.REMINDER, reason=Reason.UNREACHABLE, days=3))

    assert written.lead == "It has not reconnected by itself: restart it on its page."


def test_it_announces_the_actual_days_of_reminders() -> None:
    days = [str(after.days) for after in REMINDERS]

    text = render(content(notice(NoticeKind.LOST, reason=Reason.LOGGED_OUT))).text

    assert f"after {days[0]}, {days[1]} and {days[2]} days, then no" in text
    assert len(days) == 3


@pytest.mark.parametrize("change", ["suspended", "past_due", "plan", "resumed"])
def test_it_shows_trial_ends_only_for_trials(change: str) -> None:
    written = content(notice(NoticeKind.PLAN, change=change, ends_at=AT.isoformat()))

    assert "November" not in render(written).text


def test_it_shows_the_day_of_the_unlinking() -> None:
    seen = datetime(2026, 10, 22, 20, 0, tzinfo=UTC)

    written = content(notice(NoticeKind.PHONE_OFFLINE, days=12, since=seen.isoformat()))

    assert written.subject == "Lisbon: The phone has been offline for 12 days"
    assert written.lead == "Open WhatsApp on the phone before 6 November 2026."  # in Tokyo


def test_it_shows_the_earliest_day_of_several_phones() -> None:
    seen = [datetime(2026, 10, day, 3, 0, tzinfo=UTC).isoformat() for day in (24, 22)]

    written = content(
        *(notice(NoticeKind.PHONE_OFFLINE, f"Place {at}", days=10, since=at) for at in seen)
    )

    assert "before 5 November 2026" in written.lead


def test_it_shows_how_long_a_number_was_down() -> None:
    written = content(notice(NoticeKind.RECOVERED, seconds=4_812))

    assert written.subject == "Lisbon: Connected again"
    assert "It was down for 1 hour and 20 minutes." in written.why


def test_it_shows_who_stopped_a_number() -> None:
    written = content(
        notice(NoticeKind.STOPPED, reason=Reason.USER_DISCONNECT, by="bob@example.com")
    )

    assert written.subject == "Lisbon: Stopped by bob@example.com"
    assert "no new scan" in written.paragraphs[0]


def test_it_describes_the_latest_change_of_a_plan() -> None:
    early, late = (
        notice(NoticeKind.PLAN, change="suspended"),
        notice(NoticeKind.PLAN, change="resumed"),
    )
    late.at = AT + timedelta(minutes=1)

    assert content(late, early).subject == "Harbour Group: Your numbers work again"


def test_it_names_a_webhook_by_its_host() -> None:
    hook = {"webhook": str(uuid.uuid4()), "why": "It answered with 500."}
    off = [
        notice(NoticeKind.WEBHOOK_OFF, host=site, url=f"https://{site}/secret?key=secret", **hook)
        for site in ("crm.example.com", "hooks.example.net")
    ]

    for written in (content(off[0]), content(*off)):
        mail = render(written)
        assert "crm.example.com" in mail.text and "It answered with 500." in mail.text
        assert "secret" not in mail.text + mail.html
    assert written.subject == "2 webhooks of Harbour Group were switched off"


@pytest.mark.parametrize("kind", NoticeKind)
def test_it_explains_why_the_recipient_gets_it(kind: NoticeKind) -> None:
    owner, viewer = (" ".join(content(notice(kind), recipient=r).small) for r in (ALICE, VERA))

    if kind in (NoticeKind.BUNDLE_READY, NoticeKind.EXPORT_READY):
        assert "because you requested it" in owner
    else:
        assert "as an owner of Harbour Group" in owner
        assert "as a viewer of Harbour Group" in viewer
    assert "Owners always" not in viewer


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("facts", [{}, {"since": "yesterday", "days": "x", "reason": "new"}])
def test_it_tolerates_missing_facts(kind: NoticeKind, facts: dict[str, str]) -> None:
    empty = Notice(kind=kind, facts=facts, at=AT)
    for notices in ([empty], [empty, Notice(kind=kind, facts=facts, at=AT)]):
        mail = render(content_for(kind, notices, "Harbour Group", ALICE))
        assert "None" not in mail.subject + mail.text
        assert mail.subject


@pytest.mark.parametrize("reason", Reason)
def test_it_describes_a_loss_for_every_reason(reason: Reason) -> None:
    written = content(notice(NoticeKind.LOST, reason=reason))

    assert written.lead and written.subject.startswith("Lisbon: ")


def test_it_counts_numbers_that_need_attention() -> None:
    lost = notice(NoticeKind.LOST, "Lisbon", reason=Reason.LOGGED_OUT)
    blip = notice(NoticeKind.LOST, "Porto", reason=Reason.RECONNECTING)
    back = notice(NoticeKind.RECOVERED, "Porto", seconds=300)
    back.session_id, back.at = blip.session_id, AT + timedelta(minutes=5)

    both = [(NoticeKind.LOST, [lost, blip]), (NoticeKind.RECOVERED, [back])]
    written = digest_mail(both, "Harbour Group", ALICE)

    assert written.subject == "Harbour Group: your summary for 3 November 2026"
    assert written.lead == "1 number needs attention. Its page explains what to do."
    assert [section.title for section in written.sections] == [
        "A number lost its connection · 2",
        "A number is connected again",
    ]
    calm = digest_mail([(NoticeKind.RECOVERED, [back])], "Harbour Group", ALICE)
    assert calm.lead == "Nothing to do: this is what happened."
