"""Telephone numbers as people type them and as we keep them (E.164). Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from django.utils.translation import gettext
from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    ValidationResult,
    format_number,
    is_possible_number_with_reason,
    parse,
)

_TYPED = re.compile(r"\+[0-9 ().\-/\u00a0]{6,30}")
# "+" and at most 15 digits, by E.164; WhatsApp takes none of fewer than 7.
_WRITTEN = re.compile(r"\+[1-9][0-9]{6,14}")
EXAMPLE = "+351912345678"


class NotANumber(ValueError):
    """The text is not a telephone number; ``str()`` is a sentence that says how to write one."""

    def __init__(self) -> None:
        says = gettext("Write the number with + and its country code, for example %(example)s.")
        super().__init__(says % {"example": EXAMPLE})


def e164(typed: str) -> str:
    """``typed`` ("+351 912 345 678") as E.164 ("+351912345678").

    Only the length is checked against its country: number plans grow faster than lists do.
    Raises NotANumber."""
    text = typed.strip()
    if not _TYPED.fullmatch(text):
        raise NotANumber
    digits = "+" + re.sub(r"[^0-9]", "", text)
    try:
        number = parse(digits)
    except NumberParseException:
        raise NotANumber from None
    if is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        raise NotANumber
    written = format_number(number, PhoneNumberFormat.E164)
    if not _WRITTEN.fullmatch(written):
        raise NotANumber
    return written


@lru_cache(maxsize=10_000)  # 0.1 ms each, and lists and mails write the same ones again and again
def international(number: str) -> str:
    """An E.164 number as people write it ("+351 912 345 678"); "" stays ""."""
    try:
        return format_number(parse(number), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return number
