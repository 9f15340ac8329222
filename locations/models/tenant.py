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

    # The lookups of ``deleting_at`` of the rows that a row is deleted with. Large deletions take
    # minutes: from their beginning on, users see nothing of it (``locations/access.py``).
    deleted_with: ClassVar[tuple[str, ...]] = ()

    def of_accounts(self, account_ids: Iterable[uuid.UUID]) -> Self:
        """Filter by account."""
        return self.filter(**{f"{self.account_path}__in": list(account_ids)})

    def of_locations(self, location_ids: Iterable[uuid.UUID]) -> Self:
        """Filter by location. Returns no rows if rows have no location."""
        if self.location_path is None:
            return self.none()
        return self.filter(**{f"{self.location_path}__in": list(location_ids)})

    def present(self) -> Self:
        """Leave out the rows that are being deleted."""
        return self.filter(**{f"{path}__isnull": True for path in self.deleted_with})

    def for_manager(self) -> Self:
        """Return the rows that the manager of the model starts with."""
        return self

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
    every: TenantQuerySet = models.Manager.get_queryset(manager)  # type: ignore[assignment]
    rows = every.for_manager()
    return rows if scope is tenancy.EVERYONE else rows.of_accounts(scope)
