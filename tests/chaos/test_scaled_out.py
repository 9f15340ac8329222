"""Web and two gateways on PostgreSQL and Redis: servers restart, gateways stop and pause."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.servers import start_postgres, start_redis
from tests.wire.product import PROJECT, Product, Simulator, free_port, wait_for

LEASE_SECONDS = 30


class Cluster:
    """A site without gateway, two gateways, PostgreSQL for the rows, Redis for the hints."""

    def __init__(self, folder: Path, simulator: Simulator) -> None:
        self.folder = folder
        self.postgres = start_postgres(folder / "postgres")
        self._redis_port = free_port()
        self.redis = start_redis(folder, self._redis_port)
        self.product = Product(
            folder,
            simulator,
            DATABASE_URL=self.postgres.get_uri(),
            REDIS_URL=f"redis://127.0.0.1:{self._redis_port}/0",
        ).start("--no-gateway")
        self.gateways: list[subprocess.Popen[bytes]] = []

    def add_gateway(self) -> subprocess.Popen[bytes]:
        with self.product.log_file.open("ab") as log:
            gateway = subprocess.Popen(
                [sys.executable, "manage.py", "run_gateway"],
                cwd=PROJECT,
                env=self.product.environment,
                stdout=log,
                stderr=log,
            )
        self.gateways.append(gateway)
        return gateway

    def restart_redis(self) -> None:
        self.redis.shutdown()
        self.redis = start_redis(self.folder, self._redis_port)

    def close(self) -> None:
        for gateway in self.gateways:
            if gateway.poll() is None:
                gateway.send_signal(signal.SIGCONT)
                gateway.kill()
                gateway.wait()
        self.product.close()
        self.redis.shutdown()
        self.postgres.cleanup()


@pytest.fixture
def cluster(tmp_path: Path, simulator: Simulator) -> Iterator[Cluster]:
    running = Cluster(tmp_path, simulator)
    yield running
    running.close()


def _online(simulator: Simulator, number: str) -> int:
    phones = simulator.ask("GET", "/api/state")["phones"]
    (phone,) = [one for one in phones if one["number"] == number]
    return sum(bool(device["online"]) for device in phone["devices"])


def test_it_hands_over_at_once_when_a_gateway_stops(cluster: Cluster) -> None:
    first = cluster.add_gateway()
    session, _ = cluster.product.link()
    cluster.add_gateway()

    version = cluster.product.snapshot(session)["version"]
    first.terminate()

    assert first.wait(10) == 0
    wait_for(lambda: cluster.product.snapshot(session)["version"] > version, "the takeover", 15)
    cluster.product.until(session, status="ready")


@pytest.mark.timeout(240)
def test_it_never_runs_a_number_twice_after_a_pause(cluster: Cluster, simulator: Simulator) -> None:
    first = cluster.add_gateway()
    session, number = cluster.product.link()
    engines = [child.pid for child in psutil.Process(first.pid).children()]
    version = cluster.product.snapshot(session)["version"]
    second = cluster.add_gateway()

    for pid in (first.pid, *engines):
        os.kill(pid, signal.SIGSTOP)  # a machine that hangs stops its engines, too
    wait_for(
        lambda: cluster.product.snapshot(session)["version"] > version,
        "the other gateway to take over",
        LEASE_SECONDS * 3,
    )
    cluster.product.until(session, status="ready")
    for pid in (*engines, first.pid):
        os.kill(pid, signal.SIGCONT)

    def settled() -> bool:
        alive = cluster.product.snapshot(session)
        return alive["status"] == "ready" and _online(simulator, number) == 1

    wait_for(settled, "one owner and a ready session", LEASE_SECONDS * 3)
    friend = simulator.new_phone()
    sent = cluster.product.send(session, friend, "Still one of us")
    wait_for(
        lambda: cluster.product.message(session, sent)["status"] == "delivered", "the delivery"
    )
    assert [m["copies"] for m in simulator.messages(friend)] == [1]
    assert second.poll() is None


def test_it_survives_a_restart_of_redis(cluster: Cluster, simulator: Simulator) -> None:
    cluster.add_gateway()
    session, _ = cluster.product.link()

    cluster.restart_redis()

    other, _ = cluster.product.link()
    assert cluster.product.snapshot(session)["status"] == "ready"
    assert other != session


def test_it_survives_a_restart_of_postgres(cluster: Cluster, simulator: Simulator) -> None:
    gateway = cluster.add_gateway()
    session, number = cluster.product.link()
    friend = simulator.new_phone()

    cluster.postgres.stop()
    simulator.write(friend, number, "Sent while the database was away")
    cluster.postgres.ensure_postgres_running()

    def arrived() -> bool:
        status, answer = cluster.product.api("GET", f"sessions/{session}/messages/")
        texts = [m["text"] for m in answer["results"]] if status == 200 else []
        return texts == ["Sent while the database was away"]

    wait_for(arrived, "the text that came meanwhile")
    cluster.product.until(session, status="ready")
    assert gateway.poll() is None


def test_it_drops_its_numbers_when_the_database_stays_down(
    cluster: Cluster, simulator: Simulator
) -> None:
    cluster.add_gateway()
    session, number = cluster.product.link()

    cluster.postgres.stop()
    wait_for(lambda: _online(simulator, number) == 0, "the gateway to fence itself", LEASE_SECONDS)
    cluster.postgres.ensure_postgres_running()

    def back() -> bool:
        status, shown = cluster.product.api("GET", f"sessions/{session}/")
        ready = status == 200 and shown["status"] == "ready"
        return ready and _online(simulator, number) == 1

    wait_for(back, "the session to be ready again", LEASE_SECONDS * 3)
