from __future__ import annotations

import pytest
from django.test import Client


def test_it_answers_without_the_database() -> None:
    answer = Client().get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_only_reads_while_it_checks(method: str) -> None:
    assert getattr(Client(), method)("/healthz").status_code == 405
