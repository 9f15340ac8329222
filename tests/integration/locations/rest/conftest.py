from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from locations.models import Account, ApiKey
from sessions_app.models import Session
from tests.factory import make_account, make_location, make_session

BASE = "/api/v1"


@dataclass
class Caller:
    """A program that calls the API with a key; an empty one sends none."""

    key: str = ""
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def call(self, method: str, path: str, body: Any = None, **extra: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        data = {} if body is None else {"data": json.dumps(body)}
        options = {"content_type": "application/json", **data, **extra}
        return self.client.generic(method, self._address(path), headers=headers, **options)

    def get(self, path: str, **extra: Any) -> Any:
        return self.call("GET", path, **extra)

    def post(self, path: str, body: Any = None, **extra: Any) -> Any:
        return self.call("POST", path, body, **extra)

    def patch(self, path: str, body: Any) -> Any:
        return self.call("PATCH", path, body)

    @staticmethod
    def _address(path: str) -> str:
        return path if path.startswith(("/api/", "http")) else f"{BASE}{path}"


def assert_problem(answer: Any, status: int, code: str) -> dict[str, Any]:
    """``answer`` is a whole problem document for ``code``; its body."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.content
    body: dict[str, Any] = answer.json()
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["type"] == f"urn:pairline:problem:{code}"
    assert body["title"] and body["detail"].endswith((".", "com", "/"))
    return body


def make_key(account: Account, name: str = "Reminders", **columns: Any) -> str:
    """The secret of a key that was used just now, so that reads do not write."""
    key, secret = ApiKey.issue(account, name)
    ApiKey.objects.filter(pk=key.pk).update(**{"last_used_at": timezone.now(), **columns})
    return secret


@pytest.fixture
def account(db: None) -> Account:
    return make_account()


@pytest.fixture
def caller(account: Account) -> Caller:
    return Caller(make_key(account))


@pytest.fixture
def session(account: Account) -> Session:
    return make_session(make_location(account))


@pytest.fixture
def foreign(db: None) -> Session:
    """A session of charlie, a stranger."""
    return make_session(make_location(make_account("Charlie and Sons"), "Elsewhere"))
