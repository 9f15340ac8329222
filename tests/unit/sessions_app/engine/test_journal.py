"""The journal keeps messages and receipts until the ledger has stored them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sessions_app.engine import journal
from sessions_app.engine.engine_events import MessageReceived, ReceiptReceived
from sessions_app.engine.journal import Journal


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
        peer="", chat="", whatsapp_ids=("3EB0",), status="read", sent_at=1.0, key="a"
    )
    good = json.dumps(receipt.to_wire()).encode()
    proof = b'{"event":"proof","key":"b"}'
    lines = [good, b"\xff\xfe", b"[]", b'"x"', b'{"n":2}', b'{"event":"message"}', proof]
    assert journal.read(b"\n".join(lines)) == {"a": receipt}


def test_it_reads_what_it_writes() -> None:
    event = text("Olá\n")
    assert journal.read(journal.write([event])) == {}  # without a key it is not an entry
    (read,) = journal.read(journal.write([MessageReceived(**{**vars(event), "key": "a"})])).values()
    assert (read.key, vars(read) | {"key": ""}) == ("a", vars(event))


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
