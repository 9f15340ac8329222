"""The journal keeps messages and receipts until the ledger has stored them."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from core.data import aside_file
from sessions_app.engine import journal
from sessions_app.engine.engine_events import MessageReceived, ReceiptReceived
from sessions_app.engine.journal import Journal

NOW = 1_780_000_000.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "whatsapp" / "alice.journal"


def text(content: str) -> MessageReceived:
    return MessageReceived(
        peer="+351910000002",
        chat="351910000002@s.whatsapp.net",
        whatsapp_id="3EB0",
        peer_name="Bob",
        text=content,
        media=None,
        sent_at=1_700_000_000.0,
        from_me=False,
    )


def opened(path: Path) -> tuple[Journal, list[str]]:
    """Return the open journal and the texts that an earlier run left."""
    book = Journal(path)
    return book, [event.text for event in book.open() if isinstance(event, MessageReceived)]


def test_it_gives_remaining_events_to_the_next_run(path: Path) -> None:
    first, _ = opened(path)
    for content in ("one", "two", "three"):
        first.append(text(content))
    assert opened(path)[1] == ["one", "two", "three"]


def test_it_gives_each_event_its_own_key(path: Path) -> None:
    book, _ = opened(path)
    keys = {book.append(text("same")).key for _ in range(50)}
    assert len(keys) == 50


def test_it_forgets_stored_events_and_empties_the_file(path: Path) -> None:
    book, _ = opened(path)
    one, two = book.append(text("one")), book.append(text("two"))
    book.forget([one.key])
    assert opened(path)[1] == ["one", "two"]  # the file shrinks only when all are stored
    book.forget([two.key, "unknown"])
    assert path.read_bytes() == b""
    assert path.stat().st_mode & 0o777 == 0o600


def test_it_shrinks_a_file_with_one_remaining_event(path: Path) -> None:
    book, _ = opened(path)
    stays = book.append(text("stays"))
    keys = [book.append(text("x" * 10_000)).key for _ in range(40)]
    book.forget(keys)
    assert path.stat().st_size < 1000
    later = book.append(text("later"))
    assert opened(path)[1] == ["stays", "later"]
    book.forget([stays.key, later.key])
    assert path.read_bytes() == b""


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_it_survives_a_torn_last_line(path: Path, cut: int) -> None:
    book, _ = opened(path)
    book.append(text("whole"))
    book.append(text("torn by a kill"))
    path.write_bytes(path.read_bytes()[:-cut])
    torn, left = opened(path)
    assert left == ["whole"] or cut == 1  # then only the line's end is missing
    torn.append(text("later"))
    assert opened(path)[1] == [*left, "later"]


def test_it_skips_lines_that_are_not_events() -> None:
    receipt = ReceiptReceived(
        peer="", chat="", whatsapp_ids=("3EB0",), status="read", sent_at=NOW, key="a"
    )
    good = json.dumps(receipt.to_wire()).encode()
    proof = b'{"event":"proof","key":"b"}'
    nested = b"[" * 100_000
    bad = [b"\xff\xfe", b"[]", b'"x"', b'{"n":2}', b'{"event":"message"}', proof, nested]
    contents = journal.read(b"\n".join([good, *bad, b" "]), NOW)
    assert contents.events == {"a": receipt}
    assert contents.unreadable == bad


def test_it_reads_what_it_writes() -> None:
    event = text("Olá\n")
    assert journal.read(journal.write([event]), NOW).events == {}  # it is no entry without a key
    entry = MessageReceived(**{**vars(event), "key": "a"})
    (read,) = journal.read(journal.write([entry]), NOW).events.values()
    assert (read.key, vars(read) | {"key": ""}) == ("a", vars(event))


def test_it_keeps_its_file_on_a_full_disk(path: Path) -> None:
    book, _ = opened(path)
    stays = book.append(text("stays"))
    keys = [book.append(text("x" * 10_000)).key for _ in range(40)]
    path.with_suffix(".new").symlink_to("/dev/full")  # every write fails with ENOSPC

    book.forget(keys)

    assert path.stat().st_size > journal.COMPACT_BYTES
    book.forget([stays.key])
    assert path.read_bytes() == b""


def test_it_leaves_the_file_alone_once_closed(path: Path) -> None:
    old, _ = opened(path)
    event = old.append(text("one"))
    old.close()
    new, left = opened(path)
    assert left == ["one"]
    new.append(text("two"))
    old.forget([event.key])
    assert opened(path)[1] == ["one", "two"]


def test_it_returns_an_event_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    book = Journal(tmp_path / "file" / "journal")  # a file where a folder should be
    assert book.append(text("reported all the same")).key


def test_it_brings_old_entries_inside_their_bounds() -> None:
    """Earlier versions wrote what WhatsApp sent."""
    old = replace(
        text("x" * 2_000_000),
        key="a",
        peer="+123456789012345678",
        peer_name="B" * 500,
        sent_at=(NOW - 60) * 1000,
        phone_at=NOW * 10,
    )

    (read,) = journal.read(journal.write([old]), NOW).events.values()

    assert isinstance(read, MessageReceived)
    assert (read.sent_at, read.phone_at) == (NOW - 60, NOW)
    assert (len(read.text), len(read.peer_name), read.peer) == (65_536, 120, "")


def test_it_writes_only_what_is_inside_the_bounds(path: Path) -> None:
    book, _ = opened(path)

    returned = book.append(replace(text("x" * 100_000), sent_at=2.0**63))

    entry = json.loads(path.read_text())
    assert len(entry["text"]) == 65_536
    assert time.time() - 60 < entry["sent_at"] <= time.time()
    assert returned == journal.read(path.read_bytes(), time.time()).events[returned.key]


def test_it_sets_unreadable_lines_aside_at_a_start(path: Path) -> None:
    book, _ = opened(path)
    book.append(text("one"))
    path.write_bytes(b"{torn\n" + path.read_bytes() + b"\xff\xfe")

    again, left = opened(path)

    assert left == ["one"]
    assert journal.aside_path(path).read_bytes() == b"{torn\n\xff\xfe\n"
    again.append(text("two"))
    assert opened(path)[1] == ["one", "two"]
    assert aside_file.count(journal.aside_path(path)) == 2


def test_it_starts_although_nothing_can_be_set_aside(path: Path) -> None:
    book, _ = opened(path)
    book.append(text("one"))
    path.write_bytes(path.read_bytes() + b"garbled\n")
    journal.aside_path(path).mkdir()  # a folder where the file should be

    assert opened(path)[1] == ["one"]
    assert b"garbled" in path.read_bytes()


def test_it_sets_an_event_aside_only_once(path: Path) -> None:
    book, _ = opened(path)
    one, two = book.append(text("one")), book.append(text("two"))

    book.set_aside([one.key, "unknown"])
    book.set_aside([one.key])

    aside = journal.read(journal.aside_path(path).read_bytes(), time.time())
    assert list(aside.events.values()) == [one]
    assert opened(path)[1] == ["one", "two"]  # the file shrinks only when all are gone
    book.forget([two.key])
    assert opened(path)[1] == []


def test_it_keeps_events_that_find_no_room_aside(path: Path) -> None:
    book, _ = opened(path)
    one = book.append(text("one"))
    aside_file.add(journal.aside_path(path), [b"%d" % n for n in range(aside_file.MAX_LINES)])

    book.set_aside([one.key])

    assert opened(path)[1] == ["one"]


def test_it_takes_back_what_was_set_aside(path: Path) -> None:
    book, _ = opened(path)
    one = book.append(text("one"))
    book.set_aside([one.key])

    aside = journal.aside_path(path)
    path.write_bytes(path.read_bytes() + aside.read_bytes())  # as the how-to says

    assert opened(path)[1] == ["one"]
