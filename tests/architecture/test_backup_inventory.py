"""Every model is included in backups, or excluded with a reason."""

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
def test_it_includes_or_excludes_each_model_with_a_reason(label: str) -> None:
    assert (label in INCLUDED) != (label in EXCLUDED), (
        f"Add {label} to INCLUDED in operations/backup/inventory.py, or to EXCLUDED with a reason. "
        "If its rows must change when they are restored (because they wait to be sent, say), "
        "add them to operations/backup/restored_rows.py."
    )


def test_it_lists_only_models_that_exist() -> None:
    assert (INCLUDED | EXCLUDED.keys() | BLANK.keys() | ADJUSTMENTS.keys()) - MODELS.keys() == set()
    assert all(EXCLUDED.values())


@each_kept
def test_it_restores_rows_after_the_rows_they_refer_to(model: type[Model]) -> None:
    order = included_models()
    before = {*order[: order.index(model)], model, Permission}  # restored by its code name

    assert referenced_models(model) <= before


@each_kept
def test_it_keeps_every_timestamp_in_a_restore(model: type[Model]) -> None:
    for field in model._meta.concrete_fields:
        assert not getattr(field, "auto_now", False), field
        assert not getattr(field, "auto_now_add", False), field


def test_it_includes_every_row_an_account_owns() -> None:
    owned = {
        model
        for model in included_models()
        if issubclass(getattr(model._default_manager, "_queryset_class", object), TenantQuerySet)
    }

    assert owned <= set(dependent_models(Account))


def test_it_excludes_qr_and_pairing_codes() -> None:
    of_sessions = {
        field.attname
        for field in sealed_fields()
        if field.model._meta.label == "sessions_app.Session" and field.attname != "proxy"
    }

    assert set(BLANK["sessions_app.Session"]) == of_sessions
