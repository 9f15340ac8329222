"""Rows that belong to an account."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.db import models


class TenantQuerySet(models.QuerySet[Any]):
    """Rows that belong to an account; ``access.py`` is the door that uses this."""

    # Where a row names its location. Rows without one are not for keys of some locations.
    location_path: ClassVar[str | None] = None

    def of_accounts(self, account_ids: Iterable[uuid.UUID]) -> Self:
        """Rows of these accounts and of no others."""
        return self.filter(account_id__in=list(account_ids))

    def of_locations(self, location_ids: Iterable[uuid.UUID]) -> Self:
        """Rows of these locations and of no others; none where rows have no location."""
        if self.location_path is None:
            return self.none()
        return self.filter(**{f"{self.location_path}__in": list(location_ids)})
