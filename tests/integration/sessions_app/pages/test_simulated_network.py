"""On a simulated network the page leads to a phone that can scan; on the real one never."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from sessions_app.templatetags.pairline import phone_address

CODE = "https://wa.me/settings/linked_devices#a,b+c"


def test_it_holds_the_code_before_a_simulated_phone(tmp_path: Path, settings: Settings) -> None:
    state = tmp_path / "simulator.json"
    state.write_text(json.dumps({"control": "http://127.0.0.1:8090"}))
    settings.WHATSAPP_SIMULATOR = str(state)

    address = phone_address(CODE)

    assert address.startswith("http://127.0.0.1:8090/#qr=https%3A%2F%2Fwa.me%2F")
    assert address.count("#") == 1


@pytest.mark.parametrize("content", ["", "{}", '{"control": "javascript:alert(1)"}'])
def test_it_leads_nowhere_when_the_simulator_is_away(
    tmp_path: Path, settings: Settings, content: str
) -> None:
    state = tmp_path / "simulator.json"
    state.write_text(content)
    settings.WHATSAPP_SIMULATOR = str(state)

    assert phone_address(CODE) == ""


def test_it_leads_nowhere_on_the_real_network(settings: Settings) -> None:
    settings.WHATSAPP_SIMULATOR = ""

    assert phone_address(CODE) == ""
