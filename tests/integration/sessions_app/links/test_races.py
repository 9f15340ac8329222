"""Two browsers that press the button of one link at the same moment."""

from __future__ import annotations

import pytest

from sessions_app.links import actions
from sessions_app.links.actions import LinkUnavailable
from sessions_app.models import ConnectLink, Session
from tests.integration.at_once import meet, only_on_postgresql
from tests.integration.sessions_app.links.conftest import Scene

pytestmark = [pytest.mark.django_db(transaction=True), only_on_postgresql]


def test_it_gives_the_link_to_the_first_browser(scene: Scene) -> None:
    actions.start(scene.link, "before", None)
    ConnectLink.objects.update(browser_hash="", used_at=None)
    first, second = (ConnectLink.objects.get() for _ in range(2))

    with pytest.raises(LinkUnavailable):
        meet(
            lambda: actions.start(first, "one", None),
            lambda: actions.start(second, "two", None),
        )

    assert actions.belongs_to(ConnectLink.objects.get(), "one")
    assert Session.objects.count() == 1
