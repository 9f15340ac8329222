"""Rows that belong to an account."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import models

from core import tenancy


class TenantQuerySet(models.QuerySet[Any]):
    """Rows that belong to an account; ``access.py`` is the door that uses this.

    A manager made of it keeps to the tenant by itself (see ``tenancy.py``). Django follows
    foreign keys by a plain manager of its own: a row that may be seen leads on."""

    # Where a row names its account.
    account_path: ClassVar[str] = "account"

    # Where a row names its location. Rows without one are not for keys of some locations.
    location_path: ClassVar[str | None] = None

    def of_accounts(self, account_ids: Iterable[uuid.UUID]) -> Self:
        """Rows of these accounts and of no others."""
        return self.filter(**{f"{self.account_path}__in": list(account_ids)})

    def of_locations(self, location_ids: Iterable[uuid.UUID]) -> Self:
        """Rows of these locations and of no others; none where rows have no location."""
        if self.location_path is None:
            return self.none()
        return self.filter(**{f"{self.location_path}__in": list(location_ids)})

    if not TYPE_CHECKING:  # whose plugin knows what Django's own makes, and nothing else

        @classmethod
        def as_manager(cls) -> models.Manager[Any]:
            manager = super().as_manager()
            type(manager).get_queryset = _rows_of_the_tenant  # the class was made for this alone
            return manager


def _rows_of_the_tenant(manager: models.Manager[Any]) -> TenantQuerySet:
    """Where every query for tenant data begins. Raises OutsideTenant when nobody is known whose
    rows may be touched."""
    scope = tenancy.current()
    if scope is None:
        raise tenancy.OutsideTenant(manager.model.__name__)
    rows: TenantQuerySet = models.Manager.get_queryset(manager)  # type: ignore[assignment]
    return rows if scope is tenancy.EVERYONE else rows.of_accounts(scope)
