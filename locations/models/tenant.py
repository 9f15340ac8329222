"""The base class of querysets of tenant data."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models

from core import tenancy


class TenantQuerySet(models.QuerySet[Any]):
    """Rows that belong to an account. Use it through ``locations/access.py``.

    Managers created from it filter by the tenant scope (see ``core/tenancy.py``). Django follows
    foreign keys with its own unfiltered manager."""

    # The lookup of a row's account.
    account_path: ClassVar[str] = "account"

    # The lookup of a row's location. Keys limited to some locations see no rows without one.
    location_path: ClassVar[str | None] = None

    def of_accounts(self, account_ids: Iterable[uuid.UUID]) -> Self:
        """Filter by account."""
        return self.filter(**{f"{self.account_path}__in": list(account_ids)})

    def of_locations(self, location_ids: Iterable[uuid.UUID]) -> Self:
        """Filter by location. Returns no rows if rows have no location."""
        if self.location_path is None:
            return self.none()
        return self.filter(**{f"{self.location_path}__in": list(location_ids)})

    if not TYPE_CHECKING:  # the mypy plugin only knows Django's own as_manager

        @classmethod
        def as_manager(cls) -> models.Manager[Any]:
            manager = super().as_manager()
            type(manager).get_queryset = _rows_of_the_tenant  # a class of its own
            return manager


def _rows_of_the_tenant(manager: models.Manager[Any]) -> TenantQuerySet:
    """Return the rows within the tenant scope. Raises OutsideTenant if no scope is open."""
    scope = tenancy.current()
    if scope is None:
        raise tenancy.OutsideTenant(manager.model.__name__)
    rows: TenantQuerySet = models.Manager.get_queryset(manager)  # type: ignore[assignment]
    return rows if scope is tenancy.EVERYONE else rows.of_accounts(scope)
