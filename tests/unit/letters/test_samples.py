"""All letters, as the gallery shows them: none is missing, none has a hole, all can be read."""

from __future__ import annotations

import re
from pathlib import Path

import allauth
import pytest
from django.utils import translation

from locations import account_letters
from locations.letter_text import WIDTH
from locations.letters import Letter, rendered
from notifications.kinds import HABITS, NoticeKind
from notifications.letters.loss_table import LOSSES
from notifications.letters.plans import CHANGES
from notifications.mail_samples import MANY, Sample, samples
from sessions_app.lifecycle import TRANSITIONS, Reason, Status
from tests.unit.letters.colours import contrast, looks

SAMPLES = samples()
HOLES = ("None", "{", "%(", "<locations", "Promise")
BY_A_PERSON = {Reason.SUSPENDED_BILLING, Reason.USER_DISCONNECT, Reason.UNLINKED}


def written(sample: Sample, count: int, language: str = "en") -> Letter:
    with translation.override(language):
        return sample.write(count)


def counts(sample: Sample) -> tuple[int, ...]:
    return (1, 2, MANY) if sample.several else (1,)


def faults(letter: Letter, language: str) -> list[str]:
    """What no reader may see in ``letter``."""
    mail = rendered(letter, language)
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
            assert ".." not in rendered(letter).text, sample.name


@pytest.mark.parametrize("dark", [False, True])
def test_all_of_them_stand_out_from_their_ground(dark: bool) -> None:
    for sample in SAMPLES.values():
        html = rendered(written(sample, counts(sample)[-1])).html
        assert all(contrast(*look) >= 4.5 for look in looks(html, dark=dark)), sample.name


def test_every_kind_has_one() -> None:
    subjects = {rendered(written(sample, 1)).subject for sample in SAMPLES.values()}

    assert len(subjects) > 40
    names = " ".join(SAMPLES)
    for kind in NoticeKind:
        first = {"phone_offline": "phone", "webhook_off": "webhook", "bundle_ready": "bundle"}
        assert first.get(kind, str(kind)) in names


def test_every_reason_for_a_loss_has_one() -> None:
    ends = {
        outcome.reason
        for row in TRANSITIONS.values()
        for outcome in row.values()
        if outcome is not None and outcome.status is Status.DISCONNECTED
    }
    interrupted = {Reason.RECONNECTING, Reason.CONNECTION_FAILED, Reason.ENGINE_RESTARTING}

    assert (ends | interrupted) - BY_A_PERSON <= set(LOSSES)
    assert {f"lost-{reason}" for reason in LOSSES} <= set(SAMPLES)
    assert {f"plan-{change}" for change in CHANGES} <= set(SAMPLES)


def test_everything_that_the_sign_in_library_mails_has_one() -> None:
    templates = Path(allauth.__file__).parent / "templates"
    asked = {
        path.name.removesuffix("_subject.txt")
        for folder in ("account", "mfa")
        for path in (templates / folder / "email").glob("*_subject.txt")
    }

    assert asked - {"password_reset_code"} == set(account_letters.NAMES)  # we mail links


def test_who_may_end_such_mails_is_offered_it() -> None:
    for kind in ("linked", "recovered", "stopped-unlinked"):
        assert written(SAMPLES[kind], 1).unsubscribe
    assert not written(SAMPLES["lost-logged_out"], 1).unsubscribe
    assert HABITS[NoticeKind.LOST].owners_must
