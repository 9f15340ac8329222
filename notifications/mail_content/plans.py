"""The mail about a change of an account's plan, trial or payment."""

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
from notifications.preferences.recipients import Recipient

Words = str | Promise


@dataclass(frozen=True)
class PlanChange:
    """The texts for one change.

    ``happened`` and ``do`` may contain ``%(day)s``. ``ends`` is the label of that day, or "" if
    the day does not matter.
    """

    happened: Words
    do: Words
    why: Words
    otherwise: Words
    ends: Words = ""


_GRACE = gettext_lazy(
    "Otherwise, your numbers are paused three days later. No links, keys or messages are lost."
)

CHANGES: Mapping[str, PlanChange] = {
    "trial_ends": PlanChange(
        gettext_lazy("The trial ends on %(day)s"),
        gettext_lazy("Ask your operator to move you to a plan before %(day)s."),
        gettext_lazy("Your numbers then continue to work without interruption."),
        _GRACE,
        gettext_lazy("The trial ends"),
    ),
    "trial_ended": PlanChange(
        gettext_lazy("The trial has ended"),
        gettext_lazy("Ask your operator to move you to a plan now."),
        gettext_lazy("Your numbers continue to work for three more days."),
        gettext_lazy("After that, they are paused. No links, keys or messages are lost."),
        gettext_lazy("The trial ended"),
    ),
    "past_due": PlanChange(
        gettext_lazy("A payment is due"),
        gettext_lazy("Ask your operator to settle the payment."),
        gettext_lazy("Your numbers continue to work for now."),
        gettext_lazy(
            "If it is not settled, they will be paused. No links, keys or messages are lost."
        ),
    ),
    "suspended": PlanChange(
        gettext_lazy("Your numbers are paused"),
        gettext_lazy("Ask your operator to resume the account."),
        gettext_lazy("The account is suspended."),
        gettext_lazy(
            "Until then, no messages are sent or received. Nothing is lost: the numbers reconnect "
            "by themselves, without a new scan."
        ),
    ),
    "resumed": PlanChange(
        gettext_lazy("Your numbers work again"),
        gettext_lazy("Nothing to do: your numbers reconnect by themselves."),
        gettext_lazy("Your operator resumed the account."),
        gettext_lazy("This takes a minute or two. No number needs a new scan."),
    ),
    "plan": PlanChange(
        gettext_lazy("Your plan changed"),
        gettext_lazy("See what your new plan includes."),
        gettext_lazy("Your operator changed the plan of the account."),
        gettext_lazy("Everything you have continues to work. The plan limits what you can add."),
    ),
}


def plan_mail(notice: Notice, account: str, recipient: Recipient) -> MailContent:
    """Return the mail about one change."""
    change, at = _change(notice), notice_facts.time(notice, "ends_at")
    ends = [(str(change.ends), moment(at, recipient.time_zone))] if at and change.ends else []
    happened = line_of_plan(notice, recipient.time_zone)
    return MailContent(
        subject=_("%(place)s: %(happened)s") % {"place": account, "happened": happened},
        lead=str(change.do) % _day(notice, recipient.time_zone),
        button=Button(_("See the plan"), reverse("plan")),
        why=str(change.why),
        facts=[(_("Account"), account), *ends],
        paragraphs=[str(change.otherwise)],
    )


def line_of_plan(notice: Notice, zone: str) -> str:
    """Return what happened, in one sentence; days are in ``zone``."""
    return str(_change(notice).happened) % _day(notice, zone)


def _change(notice: Notice) -> PlanChange:
    """Return the texts of a change; an unknown one gets those of a changed plan."""
    return CHANGES.get(notice_facts.text(notice, "change"), CHANGES["plan"])


def _day(notice: Notice, zone: str) -> dict[str, str]:
    return {"day": day(notice_facts.time(notice, "ends_at") or notice.at, zone)}
