"""The encrypted file decrypts to its content, or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from operations.backup import secret
from operations.backup.encrypted_file import (
    CHUNK_BYTES,
    HEADER_BYTES,
    TAG_BYTES,
    EncryptedReader,
    EncryptedWriter,
)
from operations.backup.errors import BackupDamaged, BackupError, BackupRefused, WrongKey

KEY = secret.Secret(b"k", b"k" * 32)
OTHER = secret.Secret(b"k", b"o" * 32)
PASSPHRASE = secret.passphrase_secret("correct horse battery")
SIZES = st.one_of(
    st.integers(0, 300),
    st.sampled_from([n * CHUNK_BYTES + d for n in (1, 2) for d in (-1, 0, 1)]),
)


def sealed(content: bytes, key: secret.Secret = KEY, piece: int = 10_007) -> bytes:
    file = io.BytesIO()
    writer = EncryptedWriter(file, key)
    for start in range(0, len(content), piece):
        writer.write(content[start : start + piece])
    writer.finish()
    return file.getvalue()


def opened(file: bytes, key: secret.Secret = KEY) -> bytes:
    return io.BufferedReader(EncryptedReader(io.BytesIO(file), key)).read()


def content_of(size: int) -> bytes:
    return (b"0123456789abcdefg" * (size // 17 + 1))[:size]


@given(size=SIZES, piece=st.integers(1, 3 * CHUNK_BYTES))
@settings(max_examples=40, deadline=None)
def test_it_decrypts_what_was_encrypted(size: int, piece: int) -> None:
    content = content_of(size)

    assert opened(sealed(content, piece=max(piece, size // 50))) == content


@given(start=st.integers(0, 3 * CHUNK_BYTES), length=st.integers(0, CHUNK_BYTES + 9))
@settings(max_examples=40, deadline=None)
def test_it_reads_at_any_position(start: int, length: int) -> None:
    content = content_of(2 * CHUNK_BYTES + 5)
    reader = io.BufferedReader(EncryptedReader(io.BytesIO(sealed(content)), KEY))

    reader.seek(start)

    assert reader.read(length) == content[start : start + length]


def test_it_refuses_a_file_with_any_changed_byte() -> None:
    file = sealed(b"a secret of a customer")

    for place in range(len(file)):
        changed = bytearray(file)
        changed[place] ^= 1
        with pytest.raises(BackupError):
            opened(bytes(changed))


@given(place=st.integers(0), bit=st.integers(0, 7))
@settings(max_examples=60, deadline=None)
def test_it_refuses_a_large_file_with_a_changed_bit(place: int, bit: int) -> None:
    changed = bytearray(LARGE)
    changed[place % len(LARGE)] ^= 1 << bit

    with pytest.raises(BackupError):
        opened(bytes(changed))


def test_it_refuses_a_file_truncated_at_any_byte() -> None:
    file = sealed(b"short")

    for length in range(len(file)):
        with pytest.raises(BackupDamaged):
            opened(file[:length])


@given(length=st.integers(0))
@settings(max_examples=60, deadline=None)
def test_it_refuses_a_truncated_large_file(length: int) -> None:
    with pytest.raises(BackupDamaged):
        opened(LARGE[: length % len(LARGE)])


LARGE = sealed(content_of(2 * CHUNK_BYTES + 100))
_SEALED = CHUNK_BYTES + TAG_BYTES
_HEAD, _BODY = LARGE[:HEADER_BYTES], LARGE[HEADER_BYTES:]
_ONE, _TWO, _LAST = _BODY[:_SEALED], _BODY[_SEALED : 2 * _SEALED], _BODY[2 * _SEALED :]


@pytest.mark.parametrize(
    "body",
    [
        _TWO + _ONE + _LAST,
        _ONE + _LAST,
        _ONE + _TWO,
        _ONE + _ONE + _LAST,
        _ONE + _TWO + _LAST + b"x",
        _ONE + _TWO + _TWO + _LAST,
        _LAST,
        b"",
    ],
    ids=["swapped", "without", "no end", "twice", "more", "in between", "end only", "empty"],
)
def test_it_refuses_chunks_in_another_order(body: bytes) -> None:
    with pytest.raises(BackupDamaged):
        opened(_HEAD + body)


def test_it_refuses_chunks_of_another_backup() -> None:
    other = sealed(content_of(2 * CHUNK_BYTES + 100))

    with pytest.raises(BackupError):
        opened(_HEAD + other[HEADER_BYTES:])


def test_it_encrypts_equal_content_differently_each_time() -> None:
    assert sealed(b"same")[HEADER_BYTES:] != sealed(b"same")[HEADER_BYTES:]


def test_it_reports_a_wrong_key() -> None:
    with pytest.raises(WrongKey, match="key file does not open"):
        opened(sealed(b"x"), OTHER)
    with pytest.raises(WrongKey, match="does not open"):
        opened(sealed(b"x", PASSPHRASE), secret.passphrase_secret("correct horse batterz"))


def test_it_reports_the_kind_of_secret_it_needs() -> None:
    with pytest.raises(WrongKey, match="--key-file"):
        opened(sealed(b"x"), PASSPHRASE)
    with pytest.raises(WrongKey, match="--passphrase-file"):
        opened(sealed(b"x", PASSPHRASE), KEY)


def test_it_reports_a_file_that_is_not_a_backup() -> None:
    with pytest.raises(BackupDamaged, match="not a Pairline backup"):
        opened(b"PK\x03\x04" + bytes(200))


def test_it_requires_passphrases_of_twelve_characters(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("eleven char\n")

    with pytest.raises(BackupRefused, match="at least 12"):
        secret.passphrase_file_secret(file)
    file.write_text("twelve chars\nand a line that is not read")
    assert secret.passphrase_file_secret(file) == secret.passphrase_secret("twelve chars")


def test_it_keeps_key_files_private_and_never_overwrites_them(tmp_path: Path) -> None:
    path = tmp_path / "backup.key"

    secret.write_key_file(path)

    assert path.stat().st_mode & 0o777 == 0o600
    before = path.read_text()
    assert secret.key_file_secret(path).kind == b"k"
    with pytest.raises(BackupRefused, match="not overwritten"):
        secret.write_key_file(path)
    assert path.read_text() == before


def test_it_refuses_other_files_as_key_file(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("pairline-backup-key-1:dGVzdA==")

    with pytest.raises(BackupRefused, match="not a key file"):
        secret.key_file_secret(path)
    with pytest.raises(BackupRefused, match="cannot be read"):
        secret.key_file_secret(tmp_path / "nowhere")


def test_it_never_shows_the_secret() -> None:
    assert "correct horse" not in repr(PASSPHRASE)
