"""Deliveries never connect to the network of the operator, whatever a name resolves to."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from uuid import UUID

import pytest

from core.background.row_queue import Lease
from notifications.models import Delivery
from notifications.webhooks.dns_guard import LookUp, guarded_socket, look_up
from notifications.webhooks.http_client import Poster
from notifications.webhooks.queue import ClaimedDelivery, DeliveryResult
from tests.factory import make_account, make_delivery, make_webhook
from tests.integration.notifications.webhooks.receiver import Receiver, receiving
from tests.integration.notifications.webhooks.working import run, sending, until

PUBLIC = "93.184.216.34"
pytestmark = pytest.mark.usefixtures("plain_allowed")
REFUSED = "This address is in a private network. Use one that is reachable from outside."


async def _post(url: str, looking_up: LookUp = look_up) -> DeliveryResult:
    outgoing = ClaimedDelivery(
        delivery=UUID(int=1),
        webhook=UUID(int=2),
        account=UUID(int=3),
        session=None,
        kind="webhook.test",
        attempt=1,
        url=url,
        secret="whsec_test",
        body=b"{}",
        lease=Lease(None, ()),
    )
    async with Poster(look_up=looking_up) as poster:
        return await poster.post(outgoing)


class Names:
    """A name server whose answers change: the n-th query gets the n-th answer."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers, self.asked = list(answers), 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "0.0.0.0",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
    ],
)
async def test_it_sends_nothing_to_local_addresses(receiver: Receiver, host: str) -> None:
    outcome = await _post(f"http://{host}:{receiver.port}/hook")

    assert outcome.status_code is None
    assert outcome.error in (REFUSED, "This is not a valid address. Check it for typing errors.")
    assert receiver.requests == []


async def test_it_refuses_names_with_any_private_address(receiver: Receiver) -> None:
    names = Names([PUBLIC, "127.0.0.1"])

    outcome = await _post(f"http://hooks.example.com:{receiver.port}/hook", names)

    assert outcome.error == REFUSED
    assert receiver.requests == []


async def test_it_connects_to_the_address_that_it_checked(
    receiver: Receiver, private_allowed: None
) -> None:
    """Private addresses are allowed here, so that the request arrives and can be counted."""
    names = Names(["127.0.0.1"], ["203.0.113.1"])

    outcome = await _post(f"http://hooks.example.com:{receiver.port}/hook", names)

    assert (outcome.status_code, names.asked) == (200, 1)
    assert receiver.requests[0].headers["Host"] == f"hooks.example.com:{receiver.port}"


async def test_it_refuses_a_name_that_becomes_private(receiver: Receiver) -> None:
    """DNS rebinding: a public address at the first check, a local one later."""
    names = Names(["127.0.0.1"])
    resolver_of_the_form = Names([PUBLIC], ["127.0.0.1"])
    assert await resolver_of_the_form("hooks.example.com", 80) == [PUBLIC]

    for looking_up in (names, resolver_of_the_form):
        outcome = await _post(f"http://hooks.example.com:{receiver.port}/hook", looking_up)
        assert outcome.error == REFUSED

    assert receiver.requests == []


def test_it_checks_the_address_of_the_socket_too() -> None:
    for family, where in ((2, ("127.0.0.1", 80)), (10, ("::1", 80, 0, 0)), (2, ("10.0.0.1", 80))):
        with pytest.raises(OSError, match="not a public address"):
            guarded_socket((family, 1, 6, "", where))


async def test_it_follows_no_redirect(private_allowed: None, receiver: Receiver) -> None:
    with receiving() as inside:
        receiver.answers = [302]
        receiver.headers = {"Location": f"http://127.0.0.1:{inside.port}/metadata"}

        outcome = await _post(receiver.url)

    assert (outcome.status_code, inside.requests) == (302, [])
    assert "redirect" in outcome.error


@pytest.mark.parametrize("scheme", ["ftp", "file", "gopher"])
async def test_it_allows_only_http(scheme: str, receiver: Receiver) -> None:
    outcome = await _post(f"{scheme}://127.0.0.1:{receiver.port}/")

    assert not outcome.accepted
    assert receiver.requests == []


async def test_it_reports_an_unknown_host_name() -> None:
    async def nothing(host: str, port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    assert (
        await _post("http://hooks.example.com/", nothing)
    ).error == "Its host name cannot be resolved."


async def test_it_waits_ten_seconds_for_a_response(
    receiver: Receiver, private_allowed: None
) -> None:
    receiver.gate.clear()

    outcome = await _post(receiver.url)

    assert outcome.error == "It did not answer within 10 seconds."
    assert 9_500 <= outcome.duration_ms < 20_000


@pytest.mark.django_db(transaction=True)
async def test_it_fails_deliveries_to_local_addresses(receiver: Receiver) -> None:
    webhook = await run(lambda: make_webhook(make_account(), receiver.url))
    await run(lambda: make_delivery(webhook))

    async with sending():
        await until(lambda: Delivery.objects.filter(error=REFUSED).exists(), "the refusal")

    assert receiver.requests == []
