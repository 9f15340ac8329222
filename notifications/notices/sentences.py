"""The sentence of a notice, for the list of notices, webhooks and Slack channels. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext as _

from core.text.dates import lasted
from core.text.phone_numbers import international
from notifications.kinds import Facts, NoticeKind
from sessions_app.lifecycle import Reason
from sessions_app.wording import REASONS


def sentence(kind: NoticeKind, facts: Facts) -> str:
    """Return the sentence of a notice as plain text, in the active language.

    For the ``facts`` of each kind see ``models/notice.py``. Names are not escaped.
    """
    return _SENTENCES[kind](facts)


def _location(facts: Facts) -> str:
    return str(facts.get("location") or _("A number"))


def _linked(facts: Facts) -> str:
    if number := international(str(facts.get("number", ""))):
        return _("%(place)s is linked to %(number)s.") % {
            "place": _location(facts),
            "number": number,
        }
    return _("%(place)s is linked.") % {"place": _location(facts)}


def _lost(facts: Facts) -> str:
    why = reason_sentence(facts)
    if not why:
        return _("%(place)s lost its connection.") % {"place": _location(facts)}
    return _("%(place)s lost its connection: %(why)s") % {"place": _location(facts), "why": why}


def _reminder(facts: Facts) -> str:
    days = int(facts.get("days", 0))
    text = ngettext(
        "%(place)s has not been connected for %(days)d day.",
        "%(place)s has not been connected for %(days)d days.",
        days,
    )
    return text % {"place": _location(facts), "days": days}


def _recovered(facts: Facts) -> str:
    if not (seconds := facts.get("seconds")):
        return _("%(place)s is connected again.") % {"place": _location(facts)}
    text = _("%(place)s is connected again, after %(time)s.")
    return text % {"place": _location(facts), "time": lasted(float(seconds))}


def _phone_offline(facts: Facts) -> str:
    days = int(facts.get("days", 0))
    text = ngettext(
        "The phone of %(place)s has not been online for %(days)d day.",
        "The phone of %(place)s has not been online for %(days)d days.",
        days,
    )
    return text % {"place": _location(facts), "days": days}


def _stopped(facts: Facts) -> str:
    unlinked = facts.get("reason") == Reason.UNLINKED
    text = _("%(place)s was unlinked.") if unlinked else _("%(place)s was stopped.")
    if by := facts.get("by"):
        text = (
            _("%(place)s was unlinked by %(by)s.")
            if unlinked
            else _("%(place)s was stopped by %(by)s.")
        )
        return text % {"place": _location(facts), "by": by}
    return text % {"place": _location(facts)}


def _plan(facts: Facts) -> str:
    changes: Mapping[str, str] = {
        "trial_ends": _("The trial ends soon."),
        "trial_ended": _("The trial has ended."),
        "suspended": _("The account is suspended: its numbers are paused."),
        "resumed": _("The account is resumed: its numbers reconnect."),
        "past_due": _("The account is past due."),
    }
    return changes.get(str(facts.get("change")), _("The plan of the account has changed."))


def _webhook_off(facts: Facts) -> str:
    host = str(facts.get("host") or _("your server"))
    return _("The webhook to %s was switched off because no delivery succeeded for a day.") % host


def _bounced(facts: Facts) -> str:
    return _("Mails to %s do not arrive.") % str(facts.get("email", ""))


def _bundle_ready(facts: Facts) -> str:
    return _("Your support bundle is ready.")


def _export_ready(facts: Facts) -> str:
    return _("Your export is ready. Download it under Settings › Account.")


_SENTENCES: Mapping[NoticeKind, Callable[[Facts], str]] = {
    NoticeKind.LINKED: _linked,
    NoticeKind.LOST: _lost,
    NoticeKind.REMINDER: _reminder,
    NoticeKind.RECOVERED: _recovered,
    NoticeKind.PHONE_OFFLINE: _phone_offline,
    NoticeKind.STOPPED: _stopped,
    NoticeKind.PLAN: _plan,
    NoticeKind.WEBHOOK_OFF: _webhook_off,
    NoticeKind.BOUNCED: _bounced,
    NoticeKind.BUNDLE_READY: _bundle_ready,
    NoticeKind.EXPORT_READY: _export_ready,
}


def reason_sentence(facts: Facts) -> str:
    """Return the sentence of the lifecycle reason in ``facts``, or "" for an unknown one."""
    reason = str(facts.get("reason", ""))
    return gettext(REASONS[Reason(reason)].sentence) if reason in set(Reason) else ""
