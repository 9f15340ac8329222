"""What is said of each change of an account's plan, its trial and its payment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.mail.content import Button, MailContent
from core.text.dates import day, moment
from notifications.mail_content import notice_facts
from notifications.models import Notice
from notifications.preferences.recipients import Reader

Words = str | Promise


@dataclass(frozen=True)
class Change:
    """``happened`` and ``do`` may name ``%(day)s``; ``ends`` is what that day is called;
    "": the day of the notice is of no concern."""

    happened: Words
    do: Words
    why: Words
    otherwise: Words
    ends: Words = ""


_GRACE = gettext_lazy(
    "If nothing is done, your numbers are paused three days later. Nothing is lost: no link, no "
    "key, no message."
)

CHANGES: Mapping[str, Change] = {
    "trial_ends": Change(
        gettext_lazy("The trial ends on %(day)s"),
        gettext_lazy("Ask your operator to move you to a plan before %(day)s."),
        gettext_lazy("Then nothing changes for your numbers."),
        _GRACE,
        gettext_lazy("The trial ends"),
    ),
    "trial_ended": Change(
        gettext_lazy("The trial has ended"),
        gettext_lazy("Ask your operator to move you to a plan now."),
        gettext_lazy("Your numbers go on working for three more days."),
        gettext_lazy("After that they are paused. Nothing is lost: no link, no key, no message."),
        gettext_lazy("The trial ended"),
    ),
    "past_due": Change(
        gettext_lazy("A payment is due"),
        gettext_lazy("Ask your operator to settle the payment."),
        gettext_lazy("Your numbers go on working for now."),
        gettext_lazy(
            "If it is not settled they will be paused. Nothing is lost then: no link, no key, no "
            "message."
        ),
    ),
    "suspended": Change(
        gettext_lazy("Your numbers are paused"),
        gettext_lazy("Ask your operator to resume the account."),
        gettext_lazy("The account is suspended."),
        gettext_lazy(
            "Until then no message goes out and none comes in. Nothing is lost: the numbers come "
            "back by themselves, without a new scan."
        ),
    ),
    "resumed": Change(
        gettext_lazy("Your numbers work again"),
        gettext_lazy("Nothing to do: your numbers come back by themselves."),
        gettext_lazy("Your operator resumed the account."),
        gettext_lazy("It takes a minute or two. No number needs a new scan."),
    ),
    "plan": Change(
        gettext_lazy("Your plan changed"),
        gettext_lazy("See what is in your new plan."),
        gettext_lazy("Your operator changed the plan of the account."),
        gettext_lazy("What you have goes on working. The plan says how much you can add."),
    ),
}


def letter(notice: Notice, account: str, reader: Reader) -> MailContent:
    """The letter about one change."""
    change, at = _change(notice), notice_facts.time(notice, "ends_at")
    ends = [(str(change.ends), moment(at, reader.time_zone))] if at and change.ends else []
    happened = line_of_plan(notice, reader.time_zone)
    return MailContent(
        subject=_("%(place)s: %(happened)s") % {"place": account, "happened": happened},
        lead=str(change.do) % _day(notice, reader.time_zone),
        button=Button(_("See the plan"), reverse("plan")),
        why=str(change.why),
        facts=[(_("Account"), account), *ends],
        paragraphs=[str(change.otherwise)],
    )


def line_of_plan(notice: Notice, zone: str) -> str:
    """What happened, in one sentence; days are those of ``zone``."""
    return str(_change(notice).happened) % _day(notice, zone)


def _change(notice: Notice) -> Change:
    """A change that has no words is told as one of the plan."""
    return CHANGES.get(notice_facts.text(notice, "change"), CHANGES["plan"])


def _day(notice: Notice, zone: str) -> dict[str, str]:
    return {"day": day(notice_facts.time(notice, "ends_at") or notice.at, zone)}
