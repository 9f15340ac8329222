from __future__ import annotations

from sessions_app.live.socket_limits import SOCKETS_A_VIEWER, SOCKETS_AN_ADDRESS, SocketLimits


def test_it_gives_each_group_its_own_places() -> None:
    limits = SocketLimits(2)

    assert [limits.take("alice") for _ in range(3)] == [True, True, False]
    assert limits.take("bob")


def test_it_takes_a_place_that_was_given_back() -> None:
    limits = SocketLimits(1)
    limits.take("alice")
    assert not limits.take("alice")

    limits.give_back("alice")

    assert limits.take("alice")
    assert not limits.take("alice")


def test_it_has_the_documented_limits() -> None:
    assert (SOCKETS_A_VIEWER, SOCKETS_AN_ADDRESS) == (20, 50)
