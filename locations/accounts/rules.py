"""The rules of a team, without I/O: who may leave, which names are names, what is shown."""

from __future__ import annotations

import unicodedata

from django.utils.translation import gettext as _

from locations.models import Role

NAME_CHARACTERS = 120

# A name stands beside other texts: nothing in it may turn them round or be there unseen. The
# joiners stay, for Persian words and composed emoji need them.
_JOINERS = "\u200c\u200d"
_UNSEEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
_BLANKS = "\u115f\u1160\u3164\uffa0\u2800"  # letters and signs that look like nothing


class NotAName(ValueError):
    """The text is no name; ``str()`` says what to do."""


def checked_name(text: str) -> str:
    """``text`` as the name of an account: in one form, without blanks around. Raises NotAName."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if any(_is_unseen(character) for character in name):
        raise NotAName(_("The name has characters that cannot be seen. Type it anew."))
    if not any(_is_ink(character) for character in name):
        raise NotAName(_("Give it a name that can be seen."))
    if len(name) > NAME_CHARACTERS:
        raise NotAName(_("A name has at most %(n)d characters.") % {"n": NAME_CHARACTERS})
    return name


def _is_unseen(character: str) -> bool:
    return character not in _JOINERS and unicodedata.category(character) in _UNSEEN


def _is_ink(character: str) -> bool:
    return character not in _JOINERS + _BLANKS and unicodedata.category(character)[0] not in "MZ"


def is_plain(text: str) -> bool:
    """Whether ``text`` (an e-mail address) has nothing in it that cannot be seen."""
    return not any(
        unicodedata.category(character) in _UNSEEN or character in _BLANKS for character in text
    )


def why_not_leave(role: str, owners: int) -> str:
    """Why somebody with ``role`` may not leave an account of ``owners`` owners; "" if he may."""
    if role != Role.OWNER or owners > 1:
        return ""
    return _("You are the only owner. Hand the account over to another member first, or delete it.")


def why_not_become(old: str, new: str, owners: int) -> str:
    """Why somebody may not go from the role ``old`` to ``new``; "" if he may."""
    if old != Role.OWNER or new == Role.OWNER or owners > 1:
        return ""
    return _("An account needs an owner. Make another member an owner first.")


def masked_email(email: str) -> str:
    """As much of an address as its owner needs to know it again: "b…@example.com"."""
    name, _at, host = email.rpartition("@")
    return f"{name[:1]}…@{host}"
