"""The how-to guide for webhooks: its code runs, its examples have the fields that we send."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notifications.models.webhook import SUBSCRIBABLE
from notifications.webhooks.retry import WAITS
from notifications.webhooks.signature import signature
from sessions_app.serializers import SnapshotSerializer

PAGE = (Path(__file__).resolve().parents[4] / "docs" / "how-to" / "webhooks.md").read_text()
BODY = b'{"type":"webhook.test"}'
Check = Callable[[str, str, bytes], bool]


@pytest.fixture
def is_from_pairline() -> Check:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102  our own page, as a reader would run it
    check: Check = names["is_from_pairline"]
    return check


def test_it_has_code_that_accepts_our_signature(is_from_pairline: Check) -> None:
    assert is_from_pairline("whsec_x", signature("whsec_x", int(time.time()), BODY), BODY)


def test_it_has_code_that_rejects_other_signatures(is_from_pairline: Check) -> None:
    now = int(time.time())
    good = signature("whsec_x", now, BODY)

    assert not is_from_pairline("whsec_y", good, BODY)
    assert not is_from_pairline("whsec_x", good, BODY + b" ")
    assert not is_from_pairline("whsec_x", good.replace(f"t={now}", f"t={now - 1}"), BODY)
    assert not is_from_pairline("whsec_x", signature("whsec_x", now - 600, BODY), BODY)
    for nonsense in ("", "t=", "v1=", "t=x,v1=y", "é", f"t={now},v1=é"):
        assert not is_from_pairline("whsec_x", nonsense, BODY)


def test_it_explains_every_event() -> None:
    for kind in SUBSCRIBABLE:
        assert f"**`{kind}`**" in PAGE


def test_it_shows_the_fields_of_a_status() -> None:
    examples = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]
    (status,) = [example for example in examples if "version" in example]

    without_codes = set(SnapshotSerializer().fields) - {"qr", "pairing_code", "pairing_error"}
    assert set(status) == without_codes


def test_it_lists_every_retry() -> None:
    tries = re.findall(
        r"^\| (\d+) \| .* (?:s|min|h) \|$|^\| (\d+) \| .*min \|$", PAGE, re.MULTILINE
    )

    assert len(tries) == len(WAITS)
