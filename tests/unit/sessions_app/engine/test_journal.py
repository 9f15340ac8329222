"""What reached an engine and is not yet in the ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from sessions_app.engine import journal
from sessions_app.engine.journal import Journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "whatsapp" / "alice.journal"


def opened(path: Path) -> tuple[Journal, list[str]]:
    """The journal, and the texts that an earlier run left."""
    book = Journal(path)
    return book, [entry["text"] for entry in book.open()]


def test_it_gives_left_over_entries_to_the_next_run_in_order(path: Path) -> None:
    first, _ = opened(path)
    for text in ("one", "two", "three"):
        first.append({"text": text})
    assert opened(path)[1] == ["one", "two", "three"]


def test_it_gives_each_entry_a_key_of_its_own(path: Path) -> None:
    book, _ = opened(path)
    keys = {book.append({"text": "same"})["key"] for _ in range(50)}
    assert len(keys) == 50


def test_it_forgets_what_is_stored_and_empties_the_file(path: Path) -> None:
    book, _ = opened(path)
    one, two = book.append({"text": "one"}), book.append({"text": "two"})
    book.forget([one["key"]])
    assert opened(path)[1] == ["one", "two"]  # the file shrinks only when all is stored
    book.forget([two["key"], "unknown"])
    assert path.read_bytes() == b""
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_shrinks_a_file_in_which_one_entry_stays(path: Path) -> None:
    book, _ = opened(path)
    stays = book.append({"text": "stays"})
    keys = [book.append({"text": "x" * 10_000})["key"] for _ in range(40)]
    book.forget(keys)
    assert path.stat().st_size < 1000
    later = book.append({"text": "later"})
    assert opened(path)[1] == ["stays", "later"]
    book.forget([stays["key"], later["key"]])
    assert path.read_bytes() == b""


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_it_bears_a_torn_last_line(path: Path, cut: int) -> None:
    book, _ = opened(path)
    book.append({"text": "whole"})
    book.append({"text": "torn by a kill"})
    path.write_bytes(path.read_bytes()[:-cut])
    torn, left = opened(path)
    assert left == ["whole"] or cut == 1  # only the line's end is missing then
    torn.append({"text": "later"})
    assert opened(path)[1] == [*left, "later"]


def test_it_passes_over_what_is_no_entry() -> None:
    content = b'{"key":"a","n":1}\n\xff\xfe\n[]\n"x"\n{"n":2}\n{"key":7}\n{"key":"b"}\n'
    assert list(journal.read(content)) == ["a", "b"]


def test_it_leaves_the_file_alone_once_closed(path: Path) -> None:
    old, _ = opened(path)
    entry = old.append({"text": "one"})
    old.close()
    new, left = opened(path)
    assert left == ["one"]
    new.append({"text": "two"})
    old.forget([entry["key"]])
    assert opened(path)[1] == ["one", "two"]


def test_it_tells_an_event_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    book = Journal(tmp_path / "file" / "journal")  # a file where a folder should be
    assert book.append({"text": "told all the same"})["key"]
