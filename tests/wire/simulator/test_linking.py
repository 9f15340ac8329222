"""Linking a real client by QR code or typed code, and all the ways it fails."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.wire.simulator.wire_harness import ApiError, Neonize, Simulator, stays, wait_for


def shown_code(neonize: Neonize, client: str) -> str:
    neonize.start(client)
    text: str = neonize.wait("QR", client)["text"]
    return text


def test_it_links_a_client_by_its_qr_code(simulator: Simulator, neonize: Neonize) -> None:
    linked = simulator.post("/api/scan", qr=shown_code(neonize, "alice"))
    neonize.wait("Connected", "alice")
    assert neonize.names("alice")[:3] == ["QR", "LoginStatus", "PairStatus"]
    me = neonize.call("me", client="alice")
    assert linked["jid"] == f"{me['user']}:{me['device']}@s.whatsapp.net"
    assert linked["lid"].endswith("@lid")
    device = simulator.phone(linked["number"])["devices"][0]
    assert (device["id"], device["online"], device["queued"]) == (me["device"], True, 0)


def test_it_accepts_the_older_form_of_the_code(simulator: Simulator, neonize: Neonize) -> None:
    bare = shown_code(neonize, "alice").partition("#")[2]
    assert simulator.post("/api/scan", qr=bare)["number"].startswith("+3519")
    neonize.wait("Connected", "alice")


def test_it_scans_with_the_requested_phone(simulator: Simulator, neonize: Neonize) -> None:
    number = simulator.post("/api/phones", name="Harbour")["number"]
    assert neonize.link(simulator, "alice", number=number) == number
    assert neonize.link(simulator, "bob", number=number) == number
    assert [d["id"] for d in simulator.phone(number)["devices"]] == [1, 2]


def test_it_scans_a_code_that_was_shown_before(simulator: Simulator, neonize: Neonize) -> None:
    text = shown_code(neonize, "alice")
    with pytest.raises(ApiError, match="was not shown"):
        simulator.post("/api/scan")
    shown = simulator.post("/api/show", qr=text)
    assert shown["shown"] is True
    simulator.post("/api/scan", ref_id=shown["ref_id"])
    neonize.wait("Connected", "alice")
    assert simulator.get("/api/state")["waiting_qrs"] == []


def test_it_refuses_a_code_that_no_client_shows(simulator: Simulator, neonize: Neonize) -> None:
    ref, *keys = shown_code(neonize, "alice").split(",")
    with pytest.raises(ApiError, match="No client is waiting"):
        simulator.post("/api/scan", qr=",".join([f"{ref}x", *keys]))
    with pytest.raises(ApiError, match="not the text"):
        simulator.post("/api/scan", qr="hello")


def test_it_refuses_a_code_with_keys_of_another_client(
    simulator: Simulator, neonize: Neonize
) -> None:
    ref = shown_code(neonize, "alice").split(",")[0]
    keys = shown_code(neonize, "bob").split(",")[1:]
    with pytest.raises(ApiError, match="does not belong"):
        simulator.post("/api/scan", qr=",".join([ref, *keys]))


def test_it_fails_a_link_with_a_wrong_secret(simulator: Simulator, neonize: Neonize) -> None:
    parts = shown_code(neonize, "alice").split(",")
    parts[3] = "A" * 43 + "="
    with pytest.raises(ApiError, match=r"refused the link|disconnected"):
        simulator.post("/api/scan", qr=",".join(parts))
    assert neonize.wait("LoginStatus", "alice")["status"] == "error"


def test_it_refuses_the_code_of_a_disconnected_client(
    simulator: Simulator, neonize: Neonize
) -> None:
    text = shown_code(neonize, "alice")
    neonize.close()
    wait_for(lambda: not simulator.get("/api/state")["waiting_qrs"], "the client to be gone")
    with pytest.raises(ApiError, match="No client is waiting"):
        simulator.post("/api/scan", qr=text)


def test_it_links_a_client_by_a_typed_code(simulator: Simulator, neonize: Neonize) -> None:
    shown_code(neonize, "alice")
    number = simulator.post("/api/phones")["number"]
    code = neonize.call("pair_phone", client="alice", number=number[1:])
    linked = simulator.post("/api/enter-code", number=number, code=code)
    neonize.wait("Connected", "alice")
    assert linked["number"] == number


def test_it_lets_a_mistyped_code_be_retyped(simulator: Simulator, neonize: Neonize) -> None:
    shown_code(neonize, "alice")
    number = simulator.post("/api/phones")["number"]
    code = neonize.call("pair_phone", client="alice", number=number[1:])
    other = "2" if code[0] == "1" else "1"
    with pytest.raises(ApiError, match="The code is wrong"):
        simulator.post("/api/enter-code", number=number, code=other + code[1:])
    simulator.post("/api/enter-code", number=number, code=code)
    neonize.wait("Connected", "alice")


def test_it_refuses_a_code_for_another_number(simulator: Simulator, neonize: Neonize) -> None:
    shown_code(neonize, "alice")
    number, other = (simulator.post("/api/phones")["number"] for _ in range(2))
    code = neonize.call("pair_phone", client="alice", number=number[1:])
    with pytest.raises(ApiError, match="No client is showing a code"):
        simulator.post("/api/enter-code", number=other, code=code)


@pytest.mark.parametrize("kind", ["pair_hmac_wrong", "pair_signature_wrong"])
def test_it_makes_the_client_refuse_a_forged_link(
    simulator: Simulator, neonize: Neonize, kind: str
) -> None:
    number = simulator.post("/api/phones")["number"]
    simulator.post("/api/faults", kind=kind, number=number)
    with pytest.raises(ApiError, match=r"refused the link|disconnected"):
        simulator.post("/api/scan", qr=shown_code(neonize, "alice"), number=number)
    assert neonize.wait("LoginStatus", "alice")["status"] == "error"
    assert "PairStatus" not in neonize.names("alice")
    assert simulator.phone(number)["devices"] == []


@pytest.mark.parametrize("kind", ["no_515", "close_with_515"])
def test_it_connects_a_new_client_after_a_lost_restart(
    simulator: Simulator, neonize: Neonize, tmp_path: Path, kind: str
) -> None:
    number = simulator.post("/api/phones")["number"]
    simulator.post("/api/faults", kind=kind, number=number)
    simulator.post("/api/scan", qr=shown_code(neonize, "alice"), number=number)
    neonize.wait("PairStatus", "alice")
    if kind == "no_515":
        assert stays(lambda: "Connected" not in neonize.names("alice"), 1.0)
    neonize.close()
    again = Neonize(simulator, tmp_path)
    again.start("alice")
    again.wait("Connected", "alice")
    again.close()


def test_it_ends_a_pairing_early_with_fewer_codes(simulator: Simulator, neonize: Neonize) -> None:
    simulator.post("/api/faults", kind="refs", count=1)
    text = shown_code(neonize, "alice")
    assert simulator.get("/api/state")["waiting_qrs"][0]["refs"] == 1
    assert neonize.wait("LoginStatus", "alice", seconds=30)["status"] == "timeout"
    assert neonize.names("alice") == ["QR", "LoginStatus"]
    with pytest.raises(ApiError, match=r"expired|No client is waiting|disconnected"):
        simulator.post("/api/scan", qr=text)


def test_it_drops_a_waiting_client_without_an_event(simulator: Simulator, neonize: Neonize) -> None:
    shown_code(neonize, "alice")
    assert simulator.post("/api/faults", kind="qr_drop")["hit"] >= 1
    assert neonize.wait("LoginStatus", "alice")["status"] == "timeout"
    assert neonize.names("alice") == ["QR", "LoginStatus"]


def test_it_refuses_a_login_with_another_noise_key(
    simulator: Simulator, neonize: Neonize, tmp_path: Path
) -> None:
    neonize.link(simulator, "alice")
    neonize.close()
    with closing(sqlite3.connect(tmp_path / "alice.sqlite3")) as store, store:
        store.execute("UPDATE whatsmeow_device SET noise_key = ?", [b"\x11" * 32])
    thief = Neonize(simulator, tmp_path)
    thief.start("alice")
    assert thief.wait("LoggedOut", "alice")["body"]["OnConnect"] is True
    thief.close()


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("user", ["location-7", None])
def test_it_records_the_proxy_user_of_a_device(
    simulator: Simulator, tmp_path: Path, scheme: str, user: str | None
) -> None:
    # Go would dial the proxy of the environment *through* the client's SOCKS proxy.
    neonize = Neonize(simulator, tmp_path, proxy_in_environment=False)
    host = simulator.found["proxy"].removeprefix("http://")
    login = f"{user}:secret@" if user else ""
    neonize.start("alice", proxy=f"{scheme}://{login}{host}")
    number = simulator.post("/api/scan", qr=neonize.wait("QR", "alice")["text"])["number"]
    neonize.wait("Connected", "alice")
    assert simulator.phone(number)["devices"][0]["proxy_user"] == user
    dials = [e for e in simulator.get("/api/log") if e["kind"] == "dial"]
    assert (dials[-1]["target"], dials[-1].get("proxy_user")) == ("web.whatsapp.com:443", user)
    neonize.close()
