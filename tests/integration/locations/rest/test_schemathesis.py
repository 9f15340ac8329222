"""The API conforms to its own schema, under generated calls.

Each operation is called with valid and invalid data, on a session of ours, a foreign one and
unknown ids. Every response must conform to the schema.
The seed is printed on failure; ``SCHEMATHESIS_SEED`` and ``SCHEMATHESIS_EXAMPLES`` choose others.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import cycle
from typing import Any
from uuid import UUID

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, assume, note
from schemathesis import GenerationMode
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import positive_data_acceptance

from locations.models import Account
from sessions_app.models import Session
from tests.factory import make_delivery, make_message, make_webhook
from tests.integration.locations.rest.conftest import make_key

SEED = int(os.environ.get("SCHEMATHESIS_SEED", "20260504"))
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "12"))

schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application())


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """A request leaves the test's connection open, as with Django's own client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def known(account: Account, session: Session, foreign: Session) -> Iterator[dict[str, UUID]]:
    """In turn: ids of ours, ids of a stranger's, and whatever was made up."""
    make_message(session)
    return cycle([_ids(session), _ids(foreign), _ids(session), {}])


def _ids(session: Session) -> dict[str, UUID]:
    webhook = make_webhook(session.account)
    return {
        "session_id": session.pk,
        "location_id": session.location_id,
        "webhook_id": webhook.pk,
        "delivery_id": make_delivery(webhook).pk,
    }


@schema.parametrize()
@hypothesis.seed(SEED)
@hypothesis.settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_it_responds_as_its_schema_describes(
    case: Any, known: Iterator[dict[str, UUID]], account: Account
) -> None:
    note(f"SCHEMATHESIS_SEED={SEED}")
    assume("" not in (case.query or {}).values())  # an empty filter is none: test_sessions
    ids = next(known)
    for name in case.path_parameters or {}:
        if name in ids and _is_valid(case):
            case.path_parameters[name] = str(ids[name])
    secret = make_key(account)
    case.call_and_validate(
        headers={"Authorization": f"Bearer {secret}"},
        # A schema cannot describe valid numbers, cursors and reachable hosts.
        excluded_checks=[positive_data_acceptance],
    )


def _is_valid(case: Any) -> bool:
    """Whether its path is as the schema wants it."""
    path = case.meta.components.get(ParameterLocation.PATH)
    return path is not None and path.mode is GenerationMode.POSITIVE
