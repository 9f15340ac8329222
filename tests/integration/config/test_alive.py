"""``run_gateway --alive`` reports whether a gateway of this machine is alive."""

from __future__ import annotations

import socket
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from sessions_app.models import Gateway

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({}, 0),
        ({"host": "elsewhere"}, 1),
        ({"heartbeat_at": timezone.now() - timedelta(minutes=2)}, 1),
        ({"stopped_at": timezone.now()}, 1),
    ],
)
def test_it_finds_gateways_of_this_machine_only(columns: dict[str, Any], code: int) -> None:
    now = timezone.now()
    usual = {"host": socket.gethostname(), "pid": 7, "started_at": now, "heartbeat_at": now}
    Gateway.objects.create(owner="one", **{**usual, **columns})

    with pytest.raises(SystemExit) as ended:
        call_command("run_gateway", "--alive", stdout=StringIO())

    assert ended.value.code == code
