"""All mails as the gallery shows them: complete, without holes, readable."""

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
from notifications.incidents.rules import RULES, NoticeTiming
from notifications.kinds import DEFAULTS, NoticeKind
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


def faults(content: MailContent, language: str) -> list[str]:
    """Return everything in ``content`` that must not be in a mail."""
    mail = render(content, language)
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
def test_it_fills_every_placeholder(language: str) -> None:
    found = {
        (sample.name, count): faults(written(sample, count, language), language)
        for sample in SAMPLES.values()
        for count in counts(sample)
    }

    assert not {about: these for about, these in found.items() if these}


def test_it_has_a_subject_and_a_lead() -> None:
    for sample in SAMPLES.values():
        for count in counts(sample):
            content = written(sample, count)

            assert content.subject and content.lead.endswith("."), sample.name
            assert content.subject != content.lead
            assert ".." not in render(content).text, sample.name


@pytest.mark.parametrize("dark", [False, True])
def test_it_has_enough_contrast(dark: bool) -> None:
    for sample in SAMPLES.values():
        html = render(written(sample, counts(sample)[-1])).html
        assert all(contrast(*look) >= 4.5 for look in looks(html, dark=dark)), sample.name


def test_it_has_a_sample_for_every_kind() -> None:
    subjects = {render(written(sample, 1)).subject for sample in SAMPLES.values()}

    assert len(subjects) > 40
    names = " ".join(SAMPLES)
    for kind in NoticeKind:
        first = {"phone_offline": "phone", "webhook_off": "webhook", "bundle_ready": "bundle"}
        assert first.get(kind, str(kind)) in names


def test_it_has_a_sample_for_every_loss() -> None:
    reported = {
        reason
        for reason, rule in RULES.items()
        if rule.timing in (NoticeTiming.AT_ONCE, NoticeTiming.GRACE)
    }

    assert reported <= set(LOSSES)
    assert {f"lost-{reason}" for reason in LOSSES} <= set(SAMPLES)


def test_it_has_a_sample_for_every_change_of_plan() -> None:
    before_and_after = {
        change_of(before, after, other_terms=True)
        for before in AccountState
        for after in AccountState
    }

    assert before_and_after | {change for _after, change in MILESTONES} == set(CHANGES)
    assert {f"plan-{change}" for change in CHANGES} <= set(SAMPLES)


def test_it_has_a_sample_for_every_sign_in_mail() -> None:
    templates = Path(allauth.__file__).parent / "templates"
    asked = {
        path.name.removesuffix("_subject.txt")
        for folder in ("account", "mfa")
        for path in (templates / folder / "email").glob("*_subject.txt")
    }

    assert asked - {"password_reset_code"} == set(mails.NAMES)  # we mail links


def test_it_offers_unsubscribing_from_optional_kinds() -> None:
    for kind in ("linked", "recovered", "stopped-unlinked"):
        assert written(SAMPLES[kind], 1).unsubscribe
    assert not written(SAMPLES["lost-logged_out"], 1).unsubscribe
    assert DEFAULTS[NoticeKind.LOST].owners_must
