"""All faults of a linked client's connection, and how neonize reacts to them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.wire.simulator.wire_harness import Neonize, Simulator, stays, wait_for

OFFLINE = ("OfflineSyncPreview", "OfflineSyncCompleted")


def events_of_alice(neonize: Neonize, after: int) -> list[str]:
    """Return the names of alice's events without those about offline messages."""
    return [name for name in neonize.names("alice", after) if name not in OFFLINE]


def stored_devices(store: Path) -> int:
    with closing(sqlite3.connect(store)) as database:
        count: int = database.execute("SELECT count(*) FROM whatsmeow_device").fetchone()[0]
    return count


def dials(simulator: Simulator) -> int:
    return sum(event["kind"] == "dial" for event in simulator.get("/api/log"))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("close", ["Disconnected", "Connected"]),
        ("reset", ["Disconnected", "Connected"]),
        ("xmlstreamend", ["Disconnected", "Connected"]),
        ("stream_503", ["Disconnected", "Connected"]),
        ("stream_515", ["Connected"]),
        ("stream_error", ["StreamError", "Disconnected", "Connected"]),
    ],
)
def test_it_lets_a_client_reconnect_after_a_drop(
    simulator: Simulator, neonize: Neonize, number: str, kind: str, expected: list[str]
) -> None:
    start = neonize.mark()
    assert simulator.post("/api/faults", kind=kind, number=number)["hit"] == 1
    neonize.wait("Connected", "alice", after=start)
    assert events_of_alice(neonize, start) == expected
    device = simulator.phone(number)["devices"][0]
    assert device["online"] is True


def test_it_keeps_a_replaced_client_disconnected(
    simulator: Simulator, neonize: Neonize, number: str
) -> None:
    start, before = neonize.mark(), dials(simulator)
    simulator.post("/api/faults", kind="replaced", number=number)
    neonize.wait("StreamReplaced", "alice", after=start)
    assert stays(lambda: dials(simulator) == before, 1.0)
    assert "Connected" not in events_of_alice(neonize, start)


def test_it_replaces_a_device_that_logs_in_twice(
    simulator: Simulator, neonize: Neonize, number: str, tmp_path: Path
) -> None:
    start = neonize.mark()
    second = Neonize(simulator, tmp_path)
    second.start("alice")
    second.wait("Connected", "alice")
    neonize.wait("StreamReplaced", "alice", after=start)
    second.close()


@pytest.mark.parametrize("how", ["fault", "phone"])
def test_it_makes_an_unlinked_client_delete_its_keys(
    simulator: Simulator, neonize: Neonize, number: str, tmp_path: Path, how: str
) -> None:
    if how == "fault":
        simulator.post("/api/faults", kind="device_removed", number=number)
    else:
        simulator.post(f"/api/phones/{number}/unlink")
    assert neonize.wait("LoggedOut", "alice")["body"]["OnConnect"] is False
    assert simulator.phone(number)["devices"] == []
    store = tmp_path / "alice.sqlite3"
    wait_for(lambda: stored_devices(store) == 0, "neonize to delete its keys after the event")
    neonize.close()
    later = Neonize(simulator, tmp_path)
    later.start("alice")
    later.wait("QR", "alice")
    later.close()


def test_it_refuses_a_client_unlinked_while_offline(
    simulator: Simulator, stored: str, neonize: Neonize
) -> None:
    simulator.post(f"/api/phones/{stored}/unlink", device=1)
    neonize.start("alice")
    assert neonize.wait("LoggedOut", "alice")["body"]["OnConnect"] is True


def test_it_unlinks_a_client_that_logs_out(
    simulator: Simulator, neonize: Neonize, number: str
) -> None:
    neonize.call("logout", client="alice")
    wait_for(lambda: simulator.phone(number)["devices"] == [], "the device to be unlinked")


@pytest.mark.parametrize(
    ("reason", "event", "body"),
    [
        (401, "LoggedOut", {"OnConnect": True, "Reason": "LOGGED_OUT"}),
        (403, "LoggedOut", {"OnConnect": True, "Reason": "MAIN_DEVICE_GONE"}),
        (406, "LoggedOut", {"OnConnect": True, "Reason": "UNKNOWN_LOGOUT"}),
        (402, "TemporaryBan", {"Code": "SEND_TO_TOO_MANY_PEOPLE", "Expire": "3600"}),
        (405, "ClientOutdated", {}),
        (400, "ConnectFailure", {"Reason": "GENERIC"}),
        (409, "ConnectFailure", {"Reason": "BAD_USER_AGENT"}),
    ],
)
def test_it_ends_retries_after_a_permanent_login_failure(
    simulator: Simulator,
    neonize: Neonize,
    number: str,
    reason: int,
    event: str,
    body: dict[str, Any],
) -> None:
    start = neonize.mark()
    simulator.post("/api/faults", kind="failure", reason=reason, number=number)
    simulator.post("/api/faults", kind="close", number=number)
    received = neonize.wait(event, "alice", after=start)["body"]
    before = dials(simulator)
    assert {name: received.get(name) for name in body} == body
    assert stays(lambda: dials(simulator) == before, 0.5)
    assert bool(simulator.phone(number)["devices"]) is (reason not in (401, 403, 406))


@pytest.mark.parametrize(("reason", "times"), [(500, 2), (503, 1)])
def test_it_lets_a_client_retry_a_temporary_failure(
    simulator: Simulator, neonize: Neonize, number: str, reason: int, times: int
) -> None:
    start = neonize.mark()
    simulator.post("/api/faults", kind="failure", reason=reason, number=number, times=times)
    simulator.post("/api/faults", kind="close", number=number)
    neonize.wait("Connected", "alice", after=start)
    assert events_of_alice(neonize, start) == ["Disconnected"] * (times + 1) + ["Connected"]
    assert simulator.get("/api/state")["faults"] == []


def test_it_fails_connect_with_an_unknown_reason(
    simulator: Simulator, stored: str, neonize: Neonize
) -> None:
    simulator.post("/api/faults", kind="failure", reason=429, number=stored)
    neonize.start("alice")
    assert "Reason" in neonize.wait("ConnectError", "alice")["text"]


def test_it_causes_no_event_without_a_login_answer(
    simulator: Simulator, neonize: Neonize, number: str
) -> None:
    start = neonize.mark()
    simulator.post("/api/faults", kind="no_success", number=number)
    simulator.post("/api/faults", kind="close", number=number)
    wait_for(lambda: simulator.get("/api/log")[-1]["kind"] == "login", "the client to log in")
    assert stays(lambda: "Connected" not in neonize.names("alice", start), 1.0)
    assert simulator.phone(number)["devices"][0]["online"] is False


def test_it_forces_a_reconnect_by_ignoring_pings(
    simulator: Simulator, stored: str, neonize: Neonize
) -> None:
    neonize.call("keepalive", values=[0.3, 0.4, 0.6, 2.0])
    neonize.start("alice")
    neonize.wait("Connected", "alice")
    number, start = stored, neonize.mark()
    simulator.post("/api/faults", kind="ping_silent", number=number)
    neonize.wait("KeepAliveTimeout", "alice", after=start)
    again = neonize.wait("Connected", "alice", after=start)
    before = [e["event"] for e in neonize.events[start : neonize.events.index(again)]]
    assert "Disconnected" not in before
    after = neonize.mark()
    simulator.call("DELETE", "/api/faults")
    simulator.post("/api/faults", kind="ping_silent", number=number, once=True)
    neonize.wait("KeepAliveTimeout", "alice", after=after)
    neonize.wait("KeepAliveRestored", "alice", after=after)


@pytest.mark.parametrize("how", ["tcp", "proxy", "tls", "noise"])
def test_it_fails_connect_when_the_first_dial_is_refused(
    simulator: Simulator, neonize: Neonize, how: str
) -> None:
    simulator.post("/api/faults", kind="refuse_dial", how=how)
    neonize.start("alice")
    assert neonize.wait("ConnectError", "alice")["text"]
    assert neonize.names("alice") == ["ConnectError"]


@pytest.mark.parametrize("how", ["tcp", "proxy", "tls", "noise"])
def test_it_lets_a_client_retry_later_dials_silently(
    simulator: Simulator, neonize: Neonize, number: str, how: str
) -> None:
    start = neonize.mark()
    simulator.post("/api/faults", kind="refuse_dial", how=how, times=1)
    simulator.post("/api/faults", kind="close", number=number)
    neonize.wait("Connected", "alice", after=start)
    assert events_of_alice(neonize, start) == ["Disconnected", "Connected"]


def test_it_refuses_dials_of_one_proxy_user(simulator: Simulator, neonize: Neonize) -> None:
    host = simulator.found["proxy"].removeprefix("http://")
    simulator.post("/api/faults", kind="refuse_dial", how="proxy", proxy_user="location-7")
    neonize.start("alice", proxy=f"http://location-7:x@{host}")
    neonize.start("bob", proxy=f"http://location-8:x@{host}")
    neonize.wait("ConnectError", "alice")
    neonize.wait("QR", "bob")


def test_it_fails_connect_after_twenty_silent_seconds(
    simulator: Simulator, neonize: Neonize
) -> None:
    simulator.post("/api/faults", kind="silent_handshake")
    began = neonize.post("start", client="alice", db="alice.sqlite3")
    neonize.answer(began)
    start = neonize.wait("Ready", None)["at"]
    ended = neonize.wait("ConnectError", "alice", seconds=40)["at"]
    assert 15 < ended - start < 30


def test_it_lets_all_clients_reconnect_after_an_outage(
    simulator: Simulator, neonize: Neonize, number: str
) -> None:
    neonize.link(simulator, "bob")
    start = neonize.mark()
    simulator.post("/api/outage", seconds=1)
    for client in ("alice", "bob"):
        neonize.wait("Disconnected", client, after=start)
        neonize.wait("Connected", client, after=start)
    assert simulator.get("/api/state")["outage"] is False
