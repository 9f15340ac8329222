"""Every fault of a linked client's connection, and what neonize makes of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.wire.simulator.wire_harness import Neonize, Simulator, stays, wait_for

OFFLINE = ("OfflineSyncPreview", "OfflineSyncCompleted")


def heard(neonize: Neonize, after: int) -> list[str]:
    """What alice heard, without the notes about what waited for her."""
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
def test_a_lost_connection_comes_back_by_itself(
    simulator: Simulator, neonize: Neonize, number: str, kind: str, expected: list[str]
) -> None:
    start = neonize.mark()
    assert simulator.post("/api/faults", kind=kind, number=number)["hit"] == 1
    neonize.wait("Connected", "alice", after=start)
    assert heard(neonize, start) == expected
    device = simulator.phone(number)["devices"][0]
    assert device["online"] is True


def test_a_replaced_client_stays_away(simulator: Simulator, neonize: Neonize, number: str) -> None:
    start, dialled = neonize.mark(), dials(simulator)
    simulator.post("/api/faults", kind="replaced", number=number)
    neonize.wait("StreamReplaced", "alice", after=start)
    assert stays(lambda: dials(simulator) == dialled, 1.0)
    assert "Connected" not in heard(neonize, start)


def test_a_second_login_of_the_same_device_replaces_the_first(
    simulator: Simulator, neonize: Neonize, number: str, tmp_path: Path
) -> None:
    start = neonize.mark()
    second = Neonize(simulator, tmp_path)
    second.start("alice")
    second.wait("Connected", "alice")
    neonize.wait("StreamReplaced", "alice", after=start)
    second.close()


@pytest.mark.parametrize("how", ["fault", "phone"])
def test_a_client_that_the_user_unlinks_forgets_its_keys(
    simulator: Simulator, neonize: Neonize, number: str, tmp_path: Path, how: str
) -> None:
    if how == "fault":
        simulator.post("/api/faults", kind="device_removed", number=number)
    else:
        simulator.post(f"/api/phones/{number}/unlink")
    assert neonize.wait("LoggedOut", "alice")["body"]["OnConnect"] is False
    assert simulator.phone(number)["devices"] == []
    store = tmp_path / "alice.sqlite3"
    wait_for(lambda: stored_devices(store) == 0, "neonize deletes its keys, after the event")
    neonize.close()
    later = Neonize(simulator, tmp_path)
    later.start("alice")
    later.wait("QR", "alice")
    later.close()


def test_a_client_that_was_unlinked_while_away_is_refused(
    simulator: Simulator, stored: str, neonize: Neonize
) -> None:
    simulator.post(f"/api/phones/{stored}/unlink", device=1)
    neonize.start("alice")
    assert neonize.wait("LoggedOut", "alice")["body"]["OnConnect"] is True


def test_a_client_that_logs_out_is_unlinked(
    simulator: Simulator, neonize: Neonize, number: str
) -> None:
    neonize.call("logout", client="alice")
    wait_for(lambda: simulator.phone(number)["devices"] == [], "the phone forgets the device")


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
def test_a_login_refused_for_good_is_told_and_not_tried_again(
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
    said = neonize.wait(event, "alice", after=start)["body"]
    dialled = dials(simulator)
    assert {name: said.get(name) for name in body} == body
    assert stays(lambda: dials(simulator) == dialled, 0.5)
    assert bool(simulator.phone(number)["devices"]) is (reason not in (401, 403, 406))


@pytest.mark.parametrize(("reason", "times"), [(500, 2), (503, 1)])
def test_a_login_refused_for_now_is_tried_again(
    simulator: Simulator, neonize: Neonize, number: str, reason: int, times: int
) -> None:
    start = neonize.mark()
    simulator.post("/api/faults", kind="failure", reason=reason, number=number, times=times)
    simulator.post("/api/faults", kind="close", number=number)
    neonize.wait("Connected", "alice", after=start)
    assert heard(neonize, start) == ["Disconnected"] * (times + 1) + ["Connected"]
    assert simulator.get("/api/state")["faults"] == []


def test_a_reason_that_neonize_does_not_know_ends_connect_with_an_error(
    simulator: Simulator, stored: str, neonize: Neonize
) -> None:
    simulator.post("/api/faults", kind="failure", reason=429, number=stored)
    neonize.start("alice")
    assert "Reason" in neonize.wait("ConnectError", "alice")["text"]


def test_a_login_that_is_never_answered_gives_no_event(
    simulator: Simulator, neonize: Neonize, number: str
) -> None:
    start = neonize.mark()
    simulator.post("/api/faults", kind="no_success", number=number)
    simulator.post("/api/faults", kind="close", number=number)
    wait_for(lambda: simulator.get("/api/log")[-1]["kind"] == "login", "the client logs in")
    assert stays(lambda: "Connected" not in neonize.names("alice", start), 1.0)
    assert simulator.phone(number)["devices"][0]["online"] is False


def test_unanswered_pings_are_told_and_end_in_a_new_connection(
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
def test_a_first_dial_that_is_refused_ends_connect_with_an_error(
    simulator: Simulator, neonize: Neonize, how: str
) -> None:
    simulator.post("/api/faults", kind="refuse_dial", how=how)
    neonize.start("alice")
    assert neonize.wait("ConnectError", "alice")["text"]
    assert neonize.names("alice") == ["ConnectError"]


@pytest.mark.parametrize("how", ["tcp", "proxy", "tls", "noise"])
def test_a_later_dial_that_is_refused_is_tried_again_in_silence(
    simulator: Simulator, neonize: Neonize, number: str, how: str
) -> None:
    start = neonize.mark()
    simulator.post("/api/faults", kind="refuse_dial", how=how, times=1)
    simulator.post("/api/faults", kind="close", number=number)
    neonize.wait("Connected", "alice", after=start)
    assert heard(neonize, start) == ["Disconnected", "Connected"]


def test_a_refused_dial_can_be_aimed_at_one_proxy_user(
    simulator: Simulator, neonize: Neonize
) -> None:
    host = simulator.found["proxy"].removeprefix("http://")
    simulator.post("/api/faults", kind="refuse_dial", how="proxy", proxy_user="location-7")
    neonize.start("alice", proxy=f"http://location-7:x@{host}")
    neonize.start("bob", proxy=f"http://location-8:x@{host}")
    neonize.wait("ConnectError", "alice")
    neonize.wait("QR", "bob")


def test_a_silent_server_ends_connect_after_twenty_seconds(
    simulator: Simulator, neonize: Neonize
) -> None:
    simulator.post("/api/faults", kind="silent_handshake")
    began = neonize.post("start", client="alice", db="alice.sqlite3")
    neonize.answer(began)
    start = neonize.wait("Ready", None)["at"]
    ended = neonize.wait("ConnectError", "alice", seconds=40)["at"]
    assert 15 < ended - start < 30


def test_an_outage_ends_and_everybody_comes_back(
    simulator: Simulator, neonize: Neonize, number: str
) -> None:
    neonize.link(simulator, "bob")
    start = neonize.mark()
    simulator.post("/api/outage", seconds=1)
    for client in ("alice", "bob"):
        neonize.wait("Disconnected", client, after=start)
        neonize.wait("Connected", client, after=start)
    assert simulator.get("/api/state")["outage"] is False
