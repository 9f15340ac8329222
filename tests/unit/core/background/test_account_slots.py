from __future__ import annotations

import pytest

from core.background.account_slots import AccountSlots, NoSlot


def test_it_gives_each_account_its_own_slots() -> None:
    slots = AccountSlots(2)

    with slots.take("a"), slots.take("a"):
        with pytest.raises(NoSlot), slots.take("a"):
            pass
        with slots.take("b"):
            assert slots.accounts == 2


def test_it_frees_a_slot_after_an_error() -> None:
    slots = AccountSlots(1)

    with pytest.raises(ValueError, match="broken"), slots.take("a"):
        raise ValueError("broken")

    with slots.take("a"):
        assert slots.accounts == 1
    assert slots.accounts == 0  # an account without work is forgotten
