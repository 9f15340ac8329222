"""Counts of limited actions do not go from one test to another."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import override_settings


@pytest.fixture(autouse=True)
def _own_counts() -> Iterator[None]:
    """Give each test keys of its own in the cache, which workers share with Redis."""
    prefix = uuid.uuid4().hex
    caches = {name: {**cache, "KEY_PREFIX": prefix} for name, cache in settings.CACHES.items()}
    with override_settings(CACHES=caches):
        yield
