"""All letters, as the gallery shows them: none is missing, none has a hole, all can be read."""

from __future__ import annotations

import re
from pathlib import Path

import allauth
import pytest
from django.utils import translation

from core.mail.content import MailContent, render
from core.mail.text import WIDTH
from locations.auth import mails
from locations.models.plans import AccountState
from notifications.incidents.rules import RULES, Tell
from notifications.kinds import HABITS, NoticeKind
from notifications.mail_content.loss_reasons import LOSSES
from notifications.mail_content.plans import CHANGES
from notifications.mail_content.samples import MANY, Sample, samples
from notifications.notices.plan_rules import MILESTONES, change_of
from tests.unit.notifications.mail_content.colours import contrast, looks

SAMPLES = samples()
HOLES = ("None", "{", "%(", "<locations", "Promise")


def written(sample: Sample, count: int, language: str = "en") -> MailContent:
    with translation.override(language):
        return sample.write(count)


def counts(sample: Sample) -> tuple[int, ...]:
    return (1, 2, MANY) if sample.several else (1,)


def faults(letter: MailContent, language: str) -> list[str]:
    """What no reader may see in ``letter``."""
    mail = render(letter, language)
    html = re.sub(r"<style>.*?</style>", "", mail.html, flags=re.DOTALL)
    links = re.findall(r'href="([^"]*)"', html)
    return [
        *(hole for hole in HOLES if hole in mail.subject + mail.text + html),
        *(remote for remote in ("src=", "url(") if remote in mail.html),
        *(line for line in mail.text.splitlines() if len(line) > WIDTH and "://" not in line),
        *(link for link in links if not link.startswith("http")),
        *([] if f'dir="{"ltr" if language == "en" else "rtl"}"' in html else ["direction"]),
    ]


@pytest.mark.parametrize("language", ["en", "ar"])
def test_they_have_no_holes(language: str) -> None:
    found = {
        (sample.name, count): faults(written(sample, count, language), language)
        for sample in SAMPLES.values()
        for count in counts(sample)
    }

    assert not {about: these for about, these in found.items() if these}


def test_they_say_what_happened_then_what_to_do() -> None:
    for sample in SAMPLES.values():
        for count in counts(sample):
            letter = written(sample, count)

            assert letter.subject and letter.lead.endswith("."), sample.name
            assert letter.subject != letter.lead
            assert ".." not in render(letter).text, sample.name


@pytest.mark.parametrize("dark", [False, True])
def test_all_of_them_stand_out_from_their_ground(dark: bool) -> None:
    for sample in SAMPLES.values():
        html = render(written(sample, counts(sample)[-1])).html
        assert all(contrast(*look) >= 4.5 for look in looks(html, dark=dark)), sample.name


def test_every_kind_has_one() -> None:
    subjects = {render(written(sample, 1)).subject for sample in SAMPLES.values()}

    assert len(subjects) > 40
    names = " ".join(SAMPLES)
    for kind in NoticeKind:
        first = {"phone_offline": "phone", "webhook_off": "webhook", "bundle_ready": "bundle"}
        assert first.get(kind, str(kind)) in names


def test_every_reason_that_is_told_has_one() -> None:
    told = {reason for reason, rule in RULES.items() if rule.tell in (Tell.AT_ONCE, Tell.GRACE)}

    assert told <= set(LOSSES)
    assert {f"lost-{reason}" for reason in LOSSES} <= set(SAMPLES)


def test_every_change_of_a_plan_has_one() -> None:
    before_and_after = {
        change_of(before, after, other_terms=True)
        for before in AccountState
        for after in AccountState
    }

    assert before_and_after | {change for _after, change in MILESTONES} == set(CHANGES)
    assert {f"plan-{change}" for change in CHANGES} <= set(SAMPLES)


def test_everything_that_the_sign_in_library_mails_has_one() -> None:
    templates = Path(allauth.__file__).parent / "templates"
    asked = {
        path.name.removesuffix("_subject.txt")
        for folder in ("account", "mfa")
        for path in (templates / folder / "email").glob("*_subject.txt")
    }

    assert asked - {"password_reset_code"} == set(mails.NAMES)  # we mail links


def test_who_may_end_such_mails_is_offered_it() -> None:
    for kind in ("linked", "recovered", "stopped-unlinked"):
        assert written(SAMPLES[kind], 1).unsubscribe
    assert not written(SAMPLES["lost-logged_out"], 1).unsubscribe
    assert HABITS[NoticeKind.LOST].owners_must
