"""Which spellings of an address lead to one mailbox."""

from __future__ import annotations

import pytest

from locations.accounts.rules import mailbox_of


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("Dora@Example.com", "dora@example.com"),
        ("dora+news@example.com", "dora@example.com"),
        ("d.o.r.a+1@googlemail.com", "dora@gmail.com"),
        ("do.ra@example.com", "do.ra@example.com"),
        ("+@example.com", "+@example.com"),
    ],
)
def test_it_counts_spellings_of_an_address_together(address: str, mailbox: str) -> None:
    assert mailbox_of(address) == mailbox
