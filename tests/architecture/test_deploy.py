"""The files in deploy/ match the product.

There is no container engine here, so the image is never built. Its files are copied into a folder
and served from there instead.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.architecture.deployment import (
    DEPLOY,
    KNOWN_DIRECTIVES,
    PROJECT,
    accepts,
    argv,
    compose,
    copied,
    instructions,
    last_stage,
    started,
    unit,
    variables,
)

DOCKERFILE = instructions((DEPLOY / "Dockerfile").read_text())
IMAGE = last_stage(DOCKERFILE)
OURS = ("migrate", "web", "gateway")
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
KNOWN = set(variables(PROJECT / ".env.example"))
SERVE = ["serve", "--host", "0.0.0.0", "--port", "8000"]


def only(name: str) -> str:
    (rest,) = [rest for instruction, rest in IMAGE if instruction == name]
    return rest


# --- the image ----------------------------------------------------------------------------


def test_it_copies_existing_unignored_files_into_the_image() -> None:
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().split()
    sources = {source for found, _ in copied(DOCKERFILE) for source in found}

    assert [source for source in sources if not (PROJECT / source).exists()] == []
    assert "*" in ignored
    assert {line[1:] for line in ignored if line.startswith("!")} == sources


def test_it_installs_the_image_like_bin_run() -> None:
    assert "setup requirements/run.txt" in (PROJECT / "bin" / "run").read_text()
    setup = re.sub(r"\\\n\s*", "", (PROJECT / "bin" / "setup").read_text())
    flags = re.search(r"-m pip install ([-a-z ]+)-r", setup)
    assert flags is not None

    (install,) = [rest for name, rest in DOCKERFILE if name == "RUN" and "pip install" in rest]

    assert "python -m venv .venv" in install
    assert set(flags[1].split()) <= set(install.split())
    assert install.endswith("-r requirements/run.txt")


def test_it_pins_a_supported_python_in_the_image() -> None:
    bases = [rest for name, rest in DOCKERFILE if name == "FROM"]

    for base in bases:
        assert re.fullmatch(r"python:3\.1[123]-slim-bookworm( AS \w+)?", base)
    assert len({base.split()[0] for base in bases}) == 1


def test_it_has_no_build_tools_and_no_root() -> None:
    steps = " ".join(rest for name, rest in IMAGE if name == "RUN")

    assert not re.search(r"apt|gcc|make |pip |build-essential", steps)
    assert only("USER") == "pairline"
    names = [name for name, _ in IMAGE]
    assert names.index("USER") > max(n for n, name in enumerate(names) if name in ("RUN", "COPY"))


def test_it_starts_the_image_without_a_shell() -> None:
    assert argv(only("ENTRYPOINT")) == ["python", "manage.py"]
    assert argv(only("CMD")) == SERVE
    assert accepts(argv(only("CMD"))) == "serve"
    assert only("STOPSIGNAL") == "SIGTERM"


def test_it_has_a_volume_and_a_health_check() -> None:
    environment = only("ENV")

    assert f"DATA_DIR={only('VOLUME')}" in environment
    assert "/healthz" in only("HEALTHCHECK")


def _filled_in(tmp_path: Path) -> dict[str, str]:
    """Return the example's environment, with secrets filled in as its comments require."""
    example = variables(DEPLOY / "pairline.env.example")
    example["DJANGO_SECRET_KEY"] = secrets.token_urlsafe(50)
    example["FIELD_ENCRYPTION_KEYS"] = secrets.token_urlsafe(32)
    return {**example, "PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path / "data")}


def _copy_files(image: Path) -> None:
    """Copy the files of the repository that the image contains."""
    for sources, target in copied(IMAGE):
        for source in sources:
            path, goal = PROJECT / source, image / target
            if path.is_dir():
                shutil.copytree(path, goal, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(path, goal)


def _manage(image: Path, words: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "manage.py", *words],
        cwd=image, env=environment, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def _free_port() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return str(server.getsockname()[1])


def _collect(image: Path) -> subprocess.Popen[str]:
    """Start the image's collectstatic step with its environment."""
    (step,) = [rest for name, rest in IMAGE if name == "RUN" and "collectstatic" in rest]
    key, _, command = step.partition(" ")
    name, _, value = key.partition("=")
    return _manage(image, started(command), {name: value})


def test_it_serves_the_image_with_the_example_environment(
    tmp_path: Path,
) -> None:
    """Runs all three processes concurrently, to save time."""
    image, environment, port = tmp_path / "image", _filled_in(tmp_path), _free_port()
    image.mkdir()
    _copy_files(image)
    ours = {"0.0.0.0": "127.0.0.1", "8000": port}
    words = [ours.get(word, word) for word in argv(only("CMD"))]

    collect = _collect(image)
    check = _manage(image, ["check", "--deploy", "--fail-level", "WARNING"], environment)
    serve = _manage(image, [*words, "--no-gateway"], environment)
    try:
        _wait_until_healthy(serve, port)
    finally:
        serve.send_signal(signal.SIGTERM)
        printed = {one.args[2]: one.communicate(timeout=60)[1] for one in (collect, check, serve)}  # type: ignore[index]

    assert [one.returncode for one in (collect, check, serve)] == [0, 0, 0], printed
    assert "WARNINGS" not in printed["check"]
    assert (image / "staticfiles" / "staticfiles.json").exists()


def _wait_until_healthy(process: subprocess.Popen[str], port: str) -> None:
    """Poll with the image's own health check."""
    words = argv(only("HEALTHCHECK").partition("CMD ")[2])
    ask = [sys.executable, *(word.replace("8000", port) for word in words[1:])]
    give_up_at = time.monotonic() + 60
    while subprocess.run(ask, capture_output=True, check=False).returncode != 0:
        assert process.poll() is None and time.monotonic() < give_up_at, "The site does not respond"


# --- compose ------------------------------------------------------------------------------

SERVICES: dict[str, Any] = compose()["services"]


def test_it_has_site_gateway_and_servers_in_compose() -> None:
    assert set(SERVICES) == {*OURS, "postgres", "redis"}


@pytest.mark.parametrize("name", OURS)
def test_it_starts_existing_commands_in_compose(name: str) -> None:
    words = [str(word) for word in SERVICES[name]["command"]]

    assert accepts(words) == {"web": "serve", "gateway": "run_gateway"}.get(name, name)
    assert ("--no-gateway" in words) is (name == "web")
    assert all(isinstance(word, str) for word in SERVICES[name]["command"])


@pytest.mark.parametrize("name", OURS)
def test_it_sets_known_variables_and_no_secrets_in_compose(name: str) -> None:
    service = SERVICES[name]

    assert set(service["environment"]) <= KNOWN
    assert (DEPLOY / f"{service['env_file']}.example").exists()
    assert not {"DJANGO_SECRET_KEY", "FIELD_ENCRYPTION_KEYS"} & set(service["environment"])


def test_it_keeps_passwords_out_of_compose() -> None:
    asked_for = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))

    assert asked_for == set(variables(DEPLOY / "compose.env.example"))
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if "PASSWORD" in name or ("://" in str(value) and "@" in str(value)):
                assert "${POSTGRES_PASSWORD:?" in value, name
    for example in ("compose.env.example", "pairline.env.example"):
        for name, value in variables(DEPLOY / example).items():
            assert not re.search("KEY|PASSWORD", name) or value == "", name


def test_it_publishes_the_site_locally_only() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert published == {"web": ["127.0.0.1:8000:8000"]}
    for name in ("postgres", "redis"):
        assert SERVICES[name]["networks"] == ["inside"]
    assert compose()["networks"]["inside"] == {"internal": True}


def test_it_pins_the_images_of_compose() -> None:
    for name in ("postgres", "redis"):
        assert re.fullmatch(r"\w+:\d+\.\d+-bookworm", SERVICES[name]["image"])
    for name in OURS:
        assert (DEPLOY / SERVICES[name]["build"]["dockerfile"]).name == "Dockerfile"
        assert (DEPLOY / SERVICES[name]["build"]["context"]).resolve() == PROJECT


def test_it_starts_the_compose_services_in_order() -> None:
    for name in ("web", "gateway"):
        waits = {other: how["condition"] for other, how in SERVICES[name]["depends_on"].items()}
        assert waits == {
            "migrate": "service_completed_successfully",
            "redis": "service_healthy",
        }
    assert SERVICES["migrate"]["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    for name in ("postgres", "redis"):
        assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


def test_it_checks_the_health_of_each_compose_service() -> None:
    assert "healthcheck" not in SERVICES["web"]  # the image's own
    words = SERVICES["gateway"]["healthcheck"]["test"]
    assert words[:3] == ["CMD", "python", "manage.py"]
    assert accepts(words[3:]) == "run_gateway"
    assert SERVICES["migrate"]["healthcheck"] == {"disable": True}


@pytest.mark.parametrize("name", OURS)
def test_it_restricts_the_containers_of_compose(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["stop_grace_period"] == "15s"
    assert service["volumes"] == [f"data:{service['environment']['DATA_DIR']}"]


def test_it_declares_the_volumes_of_compose() -> None:
    used = {v.split(":")[0] for service in SERVICES.values() for v in service.get("volumes", [])}

    assert used == set(compose()["volumes"])


def test_it_writes_compose_backups_to_a_volume() -> None:
    added = yaml.safe_load((DEPLOY / "compose.backups.yaml").read_text())
    ((name, service),) = added["services"].items()
    (volume,) = service["volumes"]
    (secret,) = service["secrets"]

    assert accepts([str(word) for word in SERVICES[name]["command"]]) == "run_gateway"
    assert set(service) == {"environment", "volumes", "secrets"}  # it keeps the restrictions
    assert service["environment"] == {
        "BACKUP_DIR": volume.partition(":")[2],
        "BACKUP_KEY_FILE": f"/run/secrets/{secret}",
    }
    assert set(service["environment"]) <= KNOWN
    assert Path(added["secrets"][secret]["file"]).is_absolute()


# --- systemd and the rest -----------------------------------------------------------------

each_unit = pytest.mark.parametrize("path", UNITS, ids=[path.stem for path in UNITS])


def test_it_has_a_systemd_unit_for_each_setup() -> None:
    commands = {p.stem: accepts(started(unit(p)["Service"]["ExecStart"][0])) for p in UNITS}

    assert commands == {
        "pairline": "serve",
        "pairline-web": "serve",
        "pairline-gateway": "run_gateway",
    }


@each_unit
def test_it_satisfies_the_checks_of_systemd(path: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        assert set(unit(path)["Service"]) <= KNOWN_DIRECTIVES
        return
    here = tmp_path / path.name
    text = path.read_text().replace("/opt/pairline/.venv/bin/python", sys.executable)
    here.write_text(text.replace("WorkingDirectory=/opt/pairline", f"WorkingDirectory={PROJECT}"))

    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(here)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip

    assert (verified.returncode, verified.stderr + verified.stdout) == (0, "")


BACKUPS = DEPLOY / "systemd" / "backups.conf"


@each_unit
def test_it_satisfies_systemd_with_backups(path: Path, tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        assert set(unit(BACKUPS)["Service"]) <= KNOWN_DIRECTIVES | {"LoadCredential"}
        return
    (tmp_path / f"{path.name}.d").mkdir()
    shutil.copy(BACKUPS, tmp_path / f"{path.name}.d")
    test_it_satisfies_the_checks_of_systemd(path, tmp_path)


def test_it_lets_the_unit_write_backups() -> None:
    service = unit(BACKUPS)["Service"]
    (variables_set,) = service["Environment"]
    given = dict(word.split("=") for word in variables_set.split())
    credential, _, source = service["LoadCredential"][0].partition(":")

    assert set(service) == {"LoadCredential", "Environment", "ReadWritePaths"}
    assert service["ReadWritePaths"] == [f"-{given['BACKUP_DIR']}"]
    assert given["BACKUP_KEY_FILE"] == f"/run/credentials/%n/{credential}"
    assert Path(source).is_absolute()
    assert set(given) <= KNOWN


@each_unit
def test_it_starts_existing_commands_and_stops_them_gracefully(path: Path) -> None:
    service = unit(path)["Service"]

    for line in [*service["ExecStart"], *service.get("ExecStartPre", [])]:
        assert line.startswith("/opt/pairline/.venv/bin/python manage.py ")
        assert accepts(started(line))
    assert service["KillSignal"] == ["SIGTERM"]
    assert service["KillMode"] == ["mixed"]
    assert service["TimeoutStopSec"] == ["15"]
    assert service["Restart"] == ["on-failure"]


@each_unit
def test_it_lets_the_unit_write_to_its_folder_only(path: Path) -> None:
    service = unit(path)["Service"]
    (variables_set,) = service["Environment"]

    assert service["User"] == ["pairline"]
    assert service["NoNewPrivileges"] == ["yes"]
    assert service["ProtectSystem"] == ["strict"]
    assert service["ReadWritePaths"] == [f"/var/lib/{service['StateDirectory'][0]}"]
    assert f"DATA_DIR={service['ReadWritePaths'][0]}" in variables_set
    assert service["CapabilityBoundingSet"] == [""]


def test_it_differs_between_units_only_in_commands() -> None:
    own = {"ExecStart", "ExecStartPre"}
    services = [unit(path)["Service"] for path in UNITS]

    for service in services[1:]:
        assert {k: v for k, v in service.items() if k not in own} == {
            k: v for k, v in services[0].items() if k not in own
        }


def test_it_has_known_variables_only_in_the_example_environment() -> None:
    assert set(variables(DEPLOY / "pairline.env.example")) <= KNOWN


def test_it_points_the_reverse_proxy_to_the_site() -> None:
    text = "\n".join(
        line for line in (DEPLOY / "Caddyfile").read_text().splitlines() if "#" not in line
    )

    assert text.count("{") == text.count("}")
    assert re.findall(r"reverse_proxy (\S+)", text) == ["127.0.0.1:8000"]
    assert "health_uri /healthz" in text
    for path in UNITS:
        line = unit(path)["Service"]["ExecStart"][0]
        assert "serve" not in line or "--host 127.0.0.1 --port 8000" in line


def test_it_names_every_file_and_existing_commands() -> None:
    page = (PROJECT / "docs" / "how-to" / "deploy.md").read_text()
    files = [path for path in DEPLOY.rglob("*") if path.is_file()]

    assert [path.name for path in files if path.name not in page] == []
    for line in re.findall(r"manage\.py ([a-z_]+[^`\n|&]*)", page):
        assert accepts(line.replace("\\", "").split())
