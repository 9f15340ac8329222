"""What the rows of others change in a response: nothing.

A response is requested twice, before and after the rows of another account (or of another location)
exist. Whatever differs shows something of them: a list, a choice of a form, a number, a badge. So a
new page, form or column is tested by default.
"""

from __future__ import annotations

import io
import re
import uuid
import zipfile
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse

from tests.architecture.rows import MAKERS, Rows
from tests.factory import make_location

_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# What differs between any two responses: tokens, new secrets, ids of new rows, and times.
_RANDOM = [
    r'(?<=name="csrfmiddlewaretoken" value=")\w+',
    r"(?<=whsec_)[\w-]+",
    _UUID,
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[\d.:+Z]*",
    r"\d{1,2} \w+ \d{4}, \d\d:\d\d UTC",
]


class _Undo(Exception):
    pass


@contextmanager
def _undone() -> Iterator[None]:
    """Undo the changes of the block to the database and to the cache."""
    cache.clear()
    try:
        with transaction.atomic():
            yield
            raise _Undo
    except _Undo:
        pass
    finally:
        cache.clear()


def _text_of(answer: HttpResponse) -> str:
    """Return the status, the target and the content of a response; of an archive, its files."""
    raw = b"".join(answer) if answer.streaming else answer.content
    if raw.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            raw = b"".join(name.encode() + archive.read(name) for name in archive.namelist())
    head = f"{answer.status_code} {answer.headers.get('Location', '')}\n"
    return head + raw.decode(errors="replace")


def _comparable(text: str) -> str:
    return re.sub("|".join(_RANDOM), "…", text)


def fill(rows: Rows, *, without: Collection[str] = ()) -> set[str]:
    """Create a row of every kind, except for the models in ``without``, and a location without a
    number. Returns the ids of the rows, without that of the account, which every page of its
    members names."""
    made = [rows.of(model) for model in MAKERS if model not in without]
    made.append(make_location(rows.account, f"Free place {rows.number}"))
    return {str(row.pk) for row in made if isinstance(row.pk, uuid.UUID)} - {str(rows.account.pk)}


def assert_shows_nothing_of(
    create: Callable[[], set[str]], request: Callable[[], HttpResponse]
) -> None:
    """Assert that the response to ``request`` is the same after ``create``, which returns
    ids that must not be part of it. All changes are undone."""
    with _undone():
        before = _text_of(request())
    with _undone():
        ids = create()
        after = _text_of(request())
    assert not ids & set(re.findall(_UUID, after))
    known = set(_comparable(before).splitlines())
    new = [line.strip() for line in _comparable(after).splitlines() if line not in known]
    assert new == [], f"Shown: {new}"
    assert _comparable(before) == _comparable(after)
