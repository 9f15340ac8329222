"""What is said of notices: from rows of one kind to a letter to one reader. No I/O."""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from locations.letters import Button, Letter
from notifications.kinds import NoticeKind
from notifications.notices import Notice
from notifications.readers import Reader


def letter_of(kind: NoticeKind, notices: Sequence[Notice], account: str, reader: Reader) -> Letter:
    """The letter that tells ``reader`` of ``notices`` (at least one, all of ``kind`` and of the
    account named ``account``), in the language that is active."""
    first = notices[0]
    place = first.facts.get("location", "")
    if len(notices) > 1:
        subject = _("%(count)d numbers: %(what)s") % {"count": len(notices), "what": kind.label}
        path = reverse("numbers")
    else:
        subject = f"{place}: {kind.label}"
        path = reverse("session", args=[first.session_id]) if first.session_id else "/"
    return Letter(
        subject=subject,
        lead=subject,
        button=Button(_("Open the number"), path),
        rows=[(n.facts.get("location", ""), n.facts.get("number", "")) for n in notices],
        account=account,
    )


Sections = Sequence[tuple[NoticeKind, Sequence[Notice]]]


def digest_letter(sections: Sections, account: str, reader: Reader) -> Letter:
    """The daily summary for ``reader`` of what happened in the account named ``account``: the
    notices of each kind, in the language that is active."""
    count = sum(len(notices) for _kind, notices in sections)
    subject = ngettext("%(account)s: %(count)d notice", "%(account)s: %(count)d notices", count)
    return Letter(
        subject=subject % {"account": account, "count": count},
        lead=_("What happened since your last summary."),
        button=Button(_("Open the dashboard"), reverse("dashboard")),
        rows=[
            (str(kind.label), str(notice.facts.get("location", "")))
            for kind, notices in sections
            for notice in notices
        ],
        account=account,
    )
