"""The command line and environment of an engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sessions_app.engine import launch
from sessions_app.engine.launch import SimulatorState, SimulatorUnusable
from sessions_app.engine.protocol import EngineKind

WEB = {
    "PATH": "/bin",
    "HOME": "/home/app",
    "DJANGO_SECRET_KEY": "web",
    "DATABASE_URL": "postgres://web",
    "HTTPS_PROXY": "http://proxy",
    "SSL_CERT_FILE": "/etc/ssl/ours.pem",
}


@pytest.fixture
def state(tmp_path: Path) -> dict[str, str]:
    """Return the content of a valid state file."""
    (tmp_path / "ca.pem").write_text("")
    return {
        "proxy": "http://127.0.0.1:8001",
        "ca_file": str(tmp_path / "ca.pem"),
        "trust_root": "ab" * 32,
        "control": "http://127.0.0.1:8002",
    }


def written(folder: Path, content: object) -> Path:
    path = folder / "state.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_it_builds_the_command_line() -> None:
    words = launch.command(EngineKind.LINKING, 7, "warning", None)
    assert words[1:] == [
        "-m", "sessions_app.engine", "--fd", "7", "--kind", "linking", "--log-level", "warning",
    ]  # fmt: skip
    assert launch.command(EngineKind.RUNNING, 7, "error", "/x/state.json")[-2:] == [
        "--simulator",
        "/x/state.json",
    ]


def test_it_rejects_an_unknown_log_level() -> None:
    with pytest.raises(ValueError, match="log level"):
        launch.command(EngineKind.LINKING, 7, "loud", None)


def test_it_hides_web_secrets_from_the_engine() -> None:
    environment = launch.environment(None, WEB)
    assert environment["PATH"] == "/bin"
    assert environment["HTTPS_PROXY"] == "http://proxy"
    assert environment["SSL_CERT_FILE"] == "/etc/ssl/ours.pem"
    assert not {"DJANGO_SECRET_KEY", "DATABASE_URL"} & set(environment)


def test_it_points_an_engine_only_at_the_simulator(tmp_path: Path, state: dict[str, str]) -> None:
    loaded = launch.simulator_state(written(tmp_path, state))
    assert loaded == SimulatorState(
        state["proxy"], state["ca_file"], b"\xab" * 32, state["control"]
    )
    environment = launch.environment(loaded, WEB)
    assert environment["SSL_CERT_FILE"] == state["ca_file"]
    assert environment["SSL_CERT_DIR"] == "/nonexistent"
    assert "HTTPS_PROXY" not in environment


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"trust_root": "ab"}, "trust_root"),
        ({"trust_root": "xy" * 32}, "trust_root"),
        ({"ca_file": "/no/such/file"}, "ca_file"),
        ({"proxy": "socks5://x"}, "proxy"),
        ({"proxy": None}, "proxy"),
        ({"control": 7}, "control"),
    ],
)
def test_it_names_the_invalid_field_of_a_state_file(
    tmp_path: Path, state: dict[str, str], change: dict[str, str], field: str
) -> None:
    with pytest.raises(SimulatorUnusable, match=field):
        launch.simulator_state(written(tmp_path, state | change))


@pytest.mark.parametrize("content", ["{", "[]", '"text"'])
def test_it_rejects_a_state_file_without_an_object(tmp_path: Path, content: str) -> None:
    with pytest.raises(SimulatorUnusable):
        launch.simulator_state(written(tmp_path, content))


def test_it_reports_a_missing_state_file(tmp_path: Path) -> None:
    with pytest.raises(SimulatorUnusable, match="Is the simulator running"):
        launch.simulator_state(tmp_path / "none.json")
