"""Every model is kept in a backup, or left out with a reason."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db.models import Model

from core.security.key_rotation import sealed_fields
from locations.models import Account, TenantQuerySet
from operations.backup.inventory import (
    BLANK,
    EXCLUDED,
    INCLUDED,
    included_models,
    referenced_models,
)
from operations.backup.restored_rows import ADJUSTMENTS
from operations.backup.row_selection import dependent_models

MODELS = {model._meta.label: model for model in apps.get_models(include_auto_created=True)}
each_kept = pytest.mark.parametrize("model", included_models(), ids=lambda model: model._meta.label)


@pytest.mark.parametrize("label", sorted(MODELS))
def test_a_model_is_kept_or_left_out_for_a_reason(label: str) -> None:
    assert (label in INCLUDED) != (label in EXCLUDED), (
        f"Put {label} into KEPT of operations/backup/inventory.py, or into LEFT_OUT with why. "
        "If its rows must not come back as they were (something that waits to be sent), say so in "
        "operations/backup/restored_rows.py."
    )


def test_the_tables_name_nothing_that_is_gone() -> None:
    assert (INCLUDED | EXCLUDED.keys() | BLANK.keys() | ADJUSTMENTS.keys()) - MODELS.keys() == set()
    assert all(EXCLUDED.values())


@each_kept
def test_a_row_leans_only_on_rows_that_come_before_it(model: type[Model]) -> None:
    order = included_models()
    before = {*order[: order.index(model)], model, Permission}  # which goes by its words

    assert referenced_models(model) <= before


@each_kept
def test_no_column_is_written_anew_by_a_restore(model: type[Model]) -> None:
    for field in model._meta.concrete_fields:
        assert not getattr(field, "auto_now", False), field
        assert not getattr(field, "auto_now_add", False), field


def test_an_account_takes_everything_along_that_belongs_to_it() -> None:
    owned = {
        model
        for model in included_models()
        if issubclass(getattr(model._default_manager, "_queryset_class", object), TenantQuerySet)
    }

    assert owned <= set(dependent_models(Account))


def test_codes_that_wait_for_a_scan_never_leave_the_database() -> None:
    of_sessions = {
        field.attname
        for field in sealed_fields()
        if field.model._meta.label == "sessions_app.Session" and field.attname != "proxy"
    }

    assert set(BLANK["sessions_app.Session"]) == of_sessions
