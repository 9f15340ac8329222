"""Slots of downloads: limited for each owner, and forgotten when they are free."""

from __future__ import annotations

from core.web.download_slots import DownloadSlots


def test_it_limits_the_downloads_of_each_owner() -> None:
    slots = DownloadSlots(2)

    taken = [slots.take("alice") for _ in range(3)]

    assert [slot is not None for slot in taken] == [True, True, False]
    assert slots.take("bob") is not None


def test_it_gives_a_freed_slot_to_the_next() -> None:
    slots = DownloadSlots(1)
    free = slots.take("alice")
    assert free is not None and slots.take("alice") is None

    free()

    assert slots.take("alice") is not None


def test_it_forgets_owners_without_a_download() -> None:
    slots = DownloadSlots(2)
    for number in range(1_000):
        freed = [slots.take(number), slots.take(number)]
        for free in freed:
            assert free is not None
            free()

    assert len(slots) == 0
