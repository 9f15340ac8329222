"""Every page sends a content security policy and follows it."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from locations.models import User
from sessions_app.models import Session
from tests.factory import make_account, make_location, make_session, make_user

pytestmark = pytest.mark.django_db

ENTRANCE = ("/accounts/login/", "/accounts/signup/", "/nowhere/", "/api/docs/", "/healthz")
INSIDE = ("/", "/connect/", "/sessions/{session}/", "/sessions/{session}/unlink/")
OPERATORS = ("/admin/", "/admin/sessions_app/session/{session}/change/", "/admin/locations/user/")


@pytest.fixture
def session() -> Session:
    return make_session(make_location(make_account()))


@pytest.fixture
def browser(session: Session) -> Client:
    """Return a client of alice, who is also an operator."""
    alice = make_user("alice", session.account)
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(alice)
    return client


def assert_keeps_to_its_policy(client: Client, path: str) -> None:
    answer = client.get(path)
    policy = answer.headers["Content-Security-Policy"]
    assert "unsafe" not in policy and "default-src 'none'" in policy, path
    html = answer.content.decode()
    nonces = set(re.findall(r"'nonce-([^']+)'", policy))
    for tag in re.findall(r"<(?:script|style)\b[^>]*>", html):
        nonce = re.search(r'nonce="([^"]*)"', tag)
        data = 'type="application/json"' in tag
        assert data or "src=" in tag or (nonce and nonce[1] in nonces), f"{path}: {tag}"
    assert not re.search(r"<[a-z][^>]*\s(?:style|on[a-z]+)=", html), path


@pytest.mark.parametrize("path", ENTRANCE)
def test_it_applies_the_security_policy_to_public_pages(path: str) -> None:
    assert_keeps_to_its_policy(Client(), path)


@pytest.mark.parametrize("path", (*INSIDE, *OPERATORS))
def test_it_applies_the_security_policy_to_user_pages(
    browser: Client, session: Session, path: str
) -> None:
    assert_keeps_to_its_policy(browser, path.format(session=session.pk))
