"""Rows that belong to an account."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, Self

from django.db import models


class TenantQuerySet(models.QuerySet[Any]):
    """Rows that belong to an account; ``access.py`` is the door that uses this."""

    def of_accounts(self, account_ids: Iterable[uuid.UUID]) -> Self:
        """Rows of these accounts and of no others."""
        return self.filter(account_id__in=list(account_ids))
