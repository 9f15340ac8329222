"""Rules for members and names: who may leave, and which names are valid. Pure."""

from __future__ import annotations

import unicodedata

from django.utils.translation import gettext as _

from locations.models import Role

NAME_CHARACTERS = 120

# Names appear next to other texts, so invisible characters, also those that change the direction,
# are refused. Joiners are allowed: Persian words and composed emoji need them.
_JOINERS = "\u200c\u200d"
_UNSEEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
_BLANKS = "\u115f\u1160\u3164\uffa0\u2800"  # visible characters by category, but blank

_GMAIL = ("gmail.com", "googlemail.com")


class NotAName(ValueError):
    """The text is not a valid name. ``str()`` is a sentence for users."""


def checked_name(text: str) -> str:
    """Normalize ``text`` (NFC, single spaces) as a name. Raises NotAName."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if any(_is_unseen(character) for character in name):
        raise NotAName(_("The name has invisible characters. Type it again."))
    if not any(_is_ink(character) for character in name):
        raise NotAName(_("Enter a name with visible characters."))
    if len(name) > NAME_CHARACTERS:
        raise NotAName(_("A name has at most %(n)d characters.") % {"n": NAME_CHARACTERS})
    return name


def _is_unseen(character: str) -> bool:
    return character not in _JOINERS and unicodedata.category(character) in _UNSEEN


def _is_ink(character: str) -> bool:
    return character not in _JOINERS + _BLANKS and unicodedata.category(character)[0] not in "MZ"


def is_plain(text: str) -> bool:
    """Return whether ``text`` (an e-mail address) has no invisible characters."""
    return not any(
        unicodedata.category(character) in _UNSEEN or character in _BLANKS for character in text
    )


def mailbox_of(email: str) -> str:
    """Return what stands for the mailbox of ``email`` when mails to it are counted: in lower case,
    without a "+tag", and without the dots that Gmail ignores. Not an address to send to."""
    local, _at, domain = email.lower().rpartition("@")
    local = local.partition("+")[0] or local
    if domain in _GMAIL:
        local, domain = local.replace(".", ""), _GMAIL[0]
    return f"{local}@{domain}"


def why_not_leave(role: str, owners: int) -> str:
    """Return why a member with ``role`` may not leave an account with ``owners`` owners, or ""."""
    if role != Role.OWNER or owners > 1:
        return ""
    return _(
        "You are the only owner. Transfer ownership to another member first, or delete the account."
    )


def why_not_become(old: str, new: str, owners: int) -> str:
    """Return why the role may not change from ``old`` to ``new``, or ""."""
    if old != Role.OWNER or new == Role.OWNER or owners > 1:
        return ""
    return _("An account needs an owner. Make another member an owner first.")


def masked_email(email: str) -> str:
    """Mask an address so that its owner still recognizes it: "b…@example.com"."""
    name, _at, host = email.rpartition("@")
    return f"{name[:1]}…@{host}"
