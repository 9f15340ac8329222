"""A sample of every mail that the product sends, with made-up data, for the operators' gallery.

Nothing here is read from the database, so the gallery shows no customer data.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.mail.content import MailContent
from locations.accounts import mails as account_mails
from locations.auth import mails
from locations.models import Role
from notifications.kinds import DEFAULTS, FOLLOWS, NoticeKind
from notifications.mail_content.by_kind import content_for
from notifications.mail_content.daily_summary import digest_mail
from notifications.mail_content.loss_reasons import LOSSES
from notifications.mail_content.outage_alert import all_clear_mail, outage_mail
from notifications.mail_content.plans import CHANGES
from notifications.mail_content.welcome import welcome_mail
from notifications.models import Notice
from notifications.preferences.recipients import Recipient
from sessions_app.lifecycle import Reason

MANY = 51
_ACCOUNT = "Harbour Group"
_AT = datetime(2026, 11, 3, 14, 2, tzinfo=UTC)
_BY = "bob@example.com"
_OWNER = Recipient(1, uuid.UUID(int=1), "alice@example.com", Role.OWNER, time_zone="Europe/Lisbon")
_PLACES = (
    "Harbour Dental · Lisbon",
    "عيادة الميناء",
    "Praxis Dr. Müller & Söhne <Nord>",
    "🦷 Évora",
    "The branch whose name is as long as a name can be, " + "because it was spelled all out " * 2,
)
_WHY_OFF = "Nothing could be delivered for 24 hours. It answered with 500 instead of 2xx."
_FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"


@dataclass(frozen=True)
class Sample:
    """A mail of the gallery.

    ``write`` returns the mail about the given number of things; only those with ``several`` can
    be about more than one. ``name`` is a part of the URL.
    """

    name: str
    group: str | Promise
    write: Callable[[int], MailContent]
    several: bool = False


def samples() -> Mapping[str, Sample]:
    """Return all samples by name, ordered by group."""
    makers = (_losses, _numbers, _accounts, _members, _sign_ins, _operators)
    return {sample.name: sample for make in makers for sample in make()}


def _losses() -> Iterator[Sample]:
    for reason in LOSSES:
        ends = _later(hours=6) if reason is Reason.TEMP_BAN else ""
        yield _of(NoticeKind.LOST, f"lost-{reason}", _("Lost"), reason=reason, until=ends)
    for days in (1, 3, 7):
        facts = {"reason": Reason.LOGGED_OUT, "since": _later(days=-days), "days": days}
        yield _of(NoticeKind.REMINDER, f"reminder-{days}", _("Lost"), **facts)
    facts = {"reason": Reason.UNREACHABLE, "since": _later(days=-3), "days": 3}
    yield _of(NoticeKind.REMINDER, "reminder-unreachable", _("Lost"), **facts)


def _numbers() -> Iterator[Sample]:
    group = _("Numbers")
    yield _of(NoticeKind.LINKED, "linked", group, by=_BY)
    yield _of(NoticeKind.RECOVERED, "recovered", group, seconds=4_812)
    for days in (10, 12):
        seen = _later(days=-days)
        yield _of(NoticeKind.PHONE_OFFLINE, f"phone-{days}", group, days=days, since=seen)
    for reason in (Reason.USER_DISCONNECT, Reason.UNLINKED):
        yield _of(NoticeKind.STOPPED, f"stopped-{reason}", group, reason=reason, by=_BY)
    yield Sample("digest", group, _digest, several=True)


def _accounts() -> Iterator[Sample]:
    group = _("Accounts")
    for change in CHANGES:
        ends = "" if change == "resumed" else _later(days=3)
        yield _of(NoticeKind.PLAN, f"plan-{change}", group, change=change, ends_at=ends)
    hook = {"webhook": str(uuid.UUID(int=2)), "host": "crm.example.com"}
    yield _of(NoticeKind.WEBHOOK_OFF, "webhook-off", group, why=_WHY_OFF, **hook)
    refused = "550 5.1.1 No such user here"
    yield _of(NoticeKind.BOUNCED, "bounced", group, email="vera@example.com", why=refused)
    bundle = {"bundle": str(uuid.UUID(int=3)), "expires_at": _later(days=7), "size": 1_240_000}
    yield _of(NoticeKind.BUNDLE_READY, "bundle-ready", group, **bundle)
    export = {"export": str(uuid.UUID(int=4)), "expires_at": _later(days=3), "size": 48_000_000}
    yield _of(NoticeKind.EXPORT_READY, "export_ready", group, **export)


def _members() -> Iterator[Sample]:
    group = _("Members")
    yield Sample("welcome", group, _fixed(welcome_mail, _ACCOUNT))
    for role in Role:
        invitation = _fixed(account_mails.invitation_mail, _ACCOUNT, _BY, role, "sample")
        yield Sample(f"invitation-{role}", group, invitation)
        yield Sample(
            f"role-{role}", group, _fixed(account_mails.role_changed_mail, _ACCOUNT, _BY, role)
        )
    yield Sample("removed", group, _fixed(account_mails.removed_mail, _ACCOUNT, _BY))
    addresses = ("alice@example.com", "alice@harbour.example")
    yield Sample("address-old", group, _fixed(account_mails.old_address_mail, *addresses))
    yield Sample("address-new", group, _fixed(account_mails.new_address_mail, *addresses))
    yield Sample(
        "account-deleted", group, _fixed(account_mails.account_deleted_mail, _ACCOUNT, _BY)
    )


def _sign_ins() -> Iterator[Sample]:
    context = {
        "email": "alice@example.com",
        "from_email": "alice@example.com",
        "to_email": "alice@harbour.example",
        "deleted_email": "alice@harbour.example",
        "activate_url": "https://pairline.example/verify/sample/",
        "password_reset_url": "https://pairline.example/reset/sample/sample/",
        "code": "7QK2MX",
        "timestamp": _AT,
        "ip": "93.184.216.34",
        "user_agent": _FIREFOX,
    }
    for name in mails.NAMES:
        write = _fixed(mails.content_for, name, context)
        yield Sample(f"sign-in-{name}", _("Sign-in"), write)


def _operators() -> Iterator[Sample]:
    group, over = _("Operators"), _AT + timedelta(minutes=47)
    yield Sample("outage", group, _fixed(outage_mail, 812, 64, _AT))
    no_gateway = _fixed(outage_mail, 812, 64, _AT, gateway_alive=False)
    yield Sample("outage-no-gateway", group, no_gateway)
    yield Sample("all-clear", group, _fixed(all_clear_mail, 812, 64, _AT, over))


_NEVER_SEVERAL = {NoticeKind.PLAN, NoticeKind.BUNDLE_READY, NoticeKind.EXPORT_READY}


def _of(kind: NoticeKind, name: str, group: str | Promise, **facts: Any) -> Sample:
    def write(count: int) -> MailContent:
        content = content_for(
            kind, [_notice(kind, n, facts) for n in range(count)], _ACCOUNT, _OWNER
        )
        must = DEFAULTS[FOLLOWS.get(kind, kind)].owners_must
        return content if must else replace(content, unsubscribe="/unsubscribe/sample/")

    return Sample(name, group, write, several=kind not in _NEVER_SEVERAL)


def _notice(kind: NoticeKind, number: int, facts: Mapping[str, Any]) -> Notice:
    about = {
        "location": _PLACES[number % len(_PLACES)],
        "number": f"+3519123456{number + 10:02}",
        "since": _later(minutes=number),
    }
    return Notice(
        kind=kind,
        session_id=uuid.UUID(int=100 + number),
        facts={**about, **facts},
        at=_AT + timedelta(minutes=5 + number),
    )


def _digest(count: int) -> MailContent:
    gone, back = {"reason": Reason.LOGGED_OUT}, {"seconds": 4_812}
    sections = [
        (NoticeKind.LOST, [_notice(NoticeKind.LOST, n, gone) for n in range(count)]),
        (NoticeKind.RECOVERED, [_notice(NoticeKind.RECOVERED, 3, back)]),
        (NoticeKind.PLAN, [_notice(NoticeKind.PLAN, 4, {"change": "plan"})]),
    ]
    return digest_mail(sections, _ACCOUNT, _OWNER)


def _fixed(
    write: Callable[..., MailContent], *facts: Any, **more: Any
) -> Callable[[int], MailContent]:
    return lambda _count: write(*facts, **more)


def _later(**span: int) -> str:
    return (_AT + timedelta(**span)).isoformat()
