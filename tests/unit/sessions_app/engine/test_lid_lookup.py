"""Phone numbers behind hidden ids, remembered within a limit."""

from __future__ import annotations

from sessions_app.engine.lid_lookup import REMEMBERED, LidLookup


class KeyStore:
    """Knows the number of each id, except of those that start with "new"."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def number_of(self, hidden: str) -> str:
        self.asked.append(hidden)
        return "" if hidden.startswith("new") else f"3519{hidden}"


def test_it_reads_a_known_number_once() -> None:
    store = KeyStore()
    lookup = LidLookup(store.number_of)

    assert [lookup.number("7"), lookup.number("7")] == ["+35197", "+35197"]
    assert store.asked == ["7"]


def test_it_asks_again_for_an_unknown_number() -> None:
    store = KeyStore()
    lookup = LidLookup(store.number_of)

    assert [lookup.number("new"), lookup.number("new"), lookup.number("")] == ["", "", ""]
    assert store.asked == ["new", "new"]


def test_it_remembers_a_limited_number_of_strangers() -> None:
    store = KeyStore()
    lookup = LidLookup(store.number_of)
    strangers = [f"{number}" for number in range(REMEMBERED + 5)]
    for hidden in [*strangers, *(f"new{number}" for number in range(5_000))]:
        lookup.number(hidden)
    store.asked.clear()

    assert lookup.number(strangers[-1]) and lookup.number(strangers[0])

    assert store.asked == [strangers[0]]
    assert len(lookup) == REMEMBERED


def test_it_looks_nothing_up_once_closed() -> None:
    store = KeyStore()
    lookup = LidLookup(store.number_of)
    lookup.number("7")
    with lookup.closed():
        pass

    assert [lookup.number("7"), lookup.number("8")] == ["+35197", ""]
    assert store.asked == ["7"]
