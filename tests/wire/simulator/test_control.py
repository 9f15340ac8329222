"""The control API and the simulator process."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.wire.simulator.wire_harness import ROOT, ApiError, Neonize, Simulator, stays, wait_for


def test_it_keeps_a_private_state_file_while_running(tmp_path: Path) -> None:
    simulator = Simulator(tmp_path)
    assert sorted(simulator.found) == ["ca_file", "control", "proxy", "trust_root"]
    assert len(bytes.fromhex(simulator.found["trust_root"])) == 32
    assert stat.S_IMODE(simulator.state_file.stat().st_mode) == 0o600
    ca_file = Path(simulator.found["ca_file"])
    assert ssl.create_default_context(cafile=str(ca_file)).cert_store_stats()["x509_ca"] == 1
    assert simulator.stop() == 0
    assert not simulator.state_file.exists()
    assert not ca_file.exists()


def test_it_reports_that_the_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "simulator.whatsapp", "--state", str(tmp_path / "s.json"),
             "--port", str(port)],
            cwd=ROOT, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    assert ended.returncode == 1
    assert ended.stderr.startswith("The simulator cannot start:")
    assert "Traceback" not in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_it_stops_at_once_with_connected_clients(tmp_path: Path) -> None:
    simulator = Simulator(tmp_path)
    neonize = Neonize(simulator, tmp_path)
    neonize.link(simulator, "alice")
    assert simulator.stop() == 0
    neonize.wait("Disconnected", "alice")
    neonize.close()


def test_it_creates_phones_through_the_control_api(simulator: Simulator) -> None:
    drawn = simulator.post("/api/phones")
    assert drawn["number"].startswith("+3519")
    assert len(drawn["number"]) == 13
    given = simulator.post("/api/phones", number="+44 7700 900123", name="Dan")
    assert (given["number"], given["name"], given["devices"]) == ("+447700900123", "Dan", [])
    with pytest.raises(ApiError, match="already has a phone"):
        simulator.post("/api/phones", number="+447700900123")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/api/phones", {"number": "hello"}, 400),
        ("POST", "/api/scan", {}, 409),
        ("POST", "/api/scan", {"qr": "2@x,not base64,y,z"}, 409),
        ("POST", "/api/show", {"picture": "no base64!"}, 400),
        ("POST", "/api/show", {"picture": "aGVsbG8="}, 400),
        ("POST", "/api/enter-code", {"number": "+351900000000", "code": "ABCD-EFGH"}, 409),
        ("POST", "/api/phones/+351900000000/send", {"to": "+351900000001", "text": "x"}, 404),
        ("GET", "/api/phones/+351900000000/messages", {}, 404),
        ("POST", "/api/phones/+351900000000/unlink", {}, 404),
        ("POST", "/api/faults", {"kind": "earthquake"}, 400),
        ("POST", "/api/faults", {"kind": "failure", "reason": 418}, 400),
        ("POST", "/api/faults", {"kind": "failure", "reason": 500, "times": 0}, 400),
        ("POST", "/api/faults", {"kind": "refs", "count": True}, 400),
        ("POST", "/api/faults", {"kind": "close", "number": "+351900000000"}, 404),
        ("POST", "/api/outage", {"seconds": -1}, 400),
        ("GET", "/api/log?since=x", {}, 400),
        ("GET", "/api/nothing", {}, 404),
        ("DELETE", "/api/state", {}, 405),
    ],
)
def test_it_refuses_invalid_requests_with_a_sentence(
    simulator: Simulator, method: str, path: str, body: dict[str, Any], status: int
) -> None:
    with pytest.raises(ApiError) as refused:
        simulator.call(method, path, **body)
    assert refused.value.status == status
    assert str(refused.value).endswith(".")


def test_it_refuses_a_request_without_a_json_object(simulator: Simulator) -> None:
    for data in (b"{", b"[]", b"\xff"):
        request = urllib.request.Request(  # noqa: S310
            simulator.found["control"] + "/api/scan", data=data, method="POST"
        )
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=10)  # noqa: S310
        with refused.value as answer:
            assert answer.code == 400
            assert json.loads(answer.read())["error"].startswith("The request")


@pytest.mark.parametrize("header", [("Origin", "https://example.com"), ("Host", "example.com")])
def test_it_refuses_requests_from_other_sites(
    simulator: Simulator, header: tuple[str, str]
) -> None:
    request = urllib.request.Request(  # noqa: S310
        simulator.found["control"] + "/api/phones", data=b"{}", headers=dict([header])
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=10)  # noqa: S310
    with refused.value as answer:
        assert answer.code == 403


def test_it_serves_its_page(simulator: Simulator) -> None:
    with urllib.request.urlopen(simulator.found["control"], timeout=10) as page:  # noqa: S310
        assert b"<title>Simulated WhatsApp</title>" in page.read()


def test_it_keeps_faults_until_they_are_cleared(simulator: Simulator) -> None:
    number = simulator.post("/api/phones")["number"]
    simulator.post("/api/faults", kind="ping_silent", number=number)
    simulator.post("/api/faults", kind="failure", reason=402, once=True)
    simulator.post("/api/faults", kind="failure", reason=503)
    assert simulator.get("/api/state")["faults"] == [
        {"kind": "failure", "reason": 503},
        {"kind": "ping_silent", "number": number},
    ]
    simulator.call("DELETE", "/api/faults?kind=failure")
    assert [f["kind"] for f in simulator.get("/api/state")["faults"]] == ["ping_silent"]
    simulator.call("DELETE", f"/api/faults?number={number}")
    assert simulator.get("/api/state")["faults"] == []


def test_it_refuses_a_dial_fault_without_a_proxy_user(simulator: Simulator) -> None:
    number = simulator.post("/api/phones")["number"]
    with pytest.raises(ApiError, match="proxy user"):
        simulator.post("/api/faults", kind="refuse_dial", number=number)


def test_it_accepts_every_kind_of_fault(simulator: Simulator) -> None:
    for kind in simulator.get("/api/faults"):
        simulator.post("/api/faults", kind=kind)
    assert len(simulator.get("/api/state")["faults"]) > 10


def test_it_logs_events_without_secrets(simulator: Simulator, neonize: Neonize) -> None:
    seen = simulator.get("/api/log")[-1]["seq"] if simulator.get("/api/log") else 0
    neonize.start("alice")
    qr = neonize.wait("QR", "alice")["text"]
    number = simulator.post("/api/scan", qr=qr)["number"]
    neonize.wait("Connected", "alice")
    other = simulator.post("/api/phones")["number"]
    neonize.call("send", client="alice", to=other[1:], text="a secret")
    events = simulator.get(f"/api/log?since={seen}")
    kinds = [event["kind"] for event in events]
    assert kinds[:3] == ["dial", "qr", "linked"]
    assert kinds[-3:] == ["login", "active", "message"]
    logged = json.dumps(events)
    assert "a secret" not in logged
    assert all(part not in logged for part in qr.partition("#")[2].split(",")[:4])
    assert number[1:] in logged


async def handshake(found: dict[str, str], sent: list[bytes]) -> None:
    """Connect like a client, send bytes, and disconnect."""
    trust = ssl.create_default_context(cafile=found["ca_file"])
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(
            "https://web.whatsapp.com/ws/chat", ssl=trust, proxy=found["proxy"]
        ) as ws,
    ):
        for data in sent:
            await ws.send_bytes(data)
        await asyncio.sleep(0)


HELLO = bytes.fromhex("12220a20") + bytes(range(32))


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [b"GET / HTTP/1.1\r\n\r\n"],
        [b"WA\x06\x03"],
        [b"WA\x06\x03\x00\x00\x05hello"],
        [b"WA\x06\x03\x00\x00\x24" + HELLO],
        [b"WA\x06\x03\x00\x00\x24" + HELLO, b"\x00\x00\x24" + HELLO],
        [b"WA\x06\x03\xff\xff\xff" + bytes(1000)],
        [b"WA\x06\x03\x00\x00\x24" + bytes.fromhex("12220a20") + bytes(32)],
    ],
)
def test_it_isolates_a_client_that_sends_garbage(
    simulator: Simulator, number: str, neonize: Neonize, sent: list[bytes]
) -> None:
    start = neonize.mark()
    asyncio.run(handshake(simulator.found, sent))
    wait_for(
        lambda: simulator.get("/api/log")[-1]["kind"] == "closed", "the connection to be closed"
    )
    assert neonize.call("is_on_whatsapp", client="alice", numbers=[number]) == [True]
    assert stays(lambda: simulator.phone(number)["devices"][0]["online"], 0.2)
    assert "Disconnected" not in neonize.names("alice", start)


def test_it_fails_a_scan_when_the_client_hangs(simulator: Simulator, neonize: Neonize) -> None:
    neonize.start("alice")
    text = neonize.wait("QR", "alice")["text"]
    neonize.freeze()
    with pytest.raises(ApiError, match=r"did not answer|disconnected") as refused:
        simulator.post("/api/scan", qr=text)
    assert refused.value.status == 504
