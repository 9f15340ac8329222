"""Telephone numbers: parse what users type, store E.164. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NewType

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
# "+" and at most 15 digits (E.164). WhatsApp has no numbers with fewer than 7.
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
EXAMPLE = "+351912345678"

PhoneNumber = NewType("PhoneNumber", str)
"""A number in E.164, as returned by ``e164``."""


class NotANumber(ValueError):
    """The text is not a telephone number. ``str()`` is a sentence for users."""

    def __init__(self) -> None:
        message = gettext("Write the number with + and its country code, for example %(example)s.")
        super().__init__(message % {"example": EXAMPLE})


def e164(typed: str) -> PhoneNumber:
    """Return ``typed`` ("+351 912 345 678") as E.164 ("+351912345678"). Raises NotANumber.

    Only the length is checked against the country: numbering plans grow faster than the
    library's metadata."""
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
    if not _E164.fullmatch(written):
        raise NotANumber
    return PhoneNumber(written)


def is_e164(text: str) -> bool:
    """Return whether ``text`` is exactly a number as ``e164`` returns it."""
    try:
        return e164(text) == text
    except NotANumber:
        return False


@lru_cache(maxsize=10_000)  # 0.1 ms each, and lists and mails repeat the same numbers
def international(number: str) -> str:
    """Return an E.164 number in international format ("+351 912 345 678"); "" stays ""."""
    try:
        return format_number(parse(number), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return number
