"""What operators change in the admin, in the audit log of the customers concerned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from django.contrib import admin
from django.db import transaction
from django.db.models import Model, QuerySet, TextChoices
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest

from locations import impersonation
from locations.audit import record
from locations.current_user import ip_address_of
from locations.principals import Principal


class Verbs(NamedTuple):
    """The verbs for rows of a model; None where the admin does not allow the change."""

    added: TextChoices | None
    changed: TextChoices | None
    deleted: TextChoices | None


def operator_of(request: HttpRequest) -> Principal:
    """Return the operator as the actor in a customer's audit log."""
    return impersonation.operator(getattr(request.user, "email", ""), ip_address_of(request))


class RecordedAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """An admin whose changes are recorded in the audit logs of the accounts they concern, within
    the transaction of the change."""

    verbs: Verbs
    inline_verbs: ClassVar[Mapping[type[Model], Verbs]] = {}

    def accounts_of(self, obj: Any) -> Iterable[UUID]:
        """Return the accounts whose audit log shows changes of ``obj``."""
        return [obj.account_id]

    def name_of(self, obj: Any) -> str:
        """Return the name of ``obj`` in the audit log."""
        return str(obj)

    def note(
        self, request: HttpRequest, obj: Any, verb: TextChoices | None, detail: str = ""
    ) -> None:
        """Record ``verb`` for ``obj``. Call it in the transaction of the change."""
        if verb is not None:
            for account_id in list(self.accounts_of(obj)):
                record(operator_of(request), account_id, verb, self.name_of(obj), detail)

    def save_model(
        self, request: HttpRequest, obj: Any, form: ModelForm[Any], change: bool
    ) -> None:
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            if not change:
                self.note(request, obj, self.verbs.added)
            elif form.changed_data:
                self.note(request, obj, self.verbs.changed, ", ".join(form.changed_data))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            self.note(request, obj, self.verbs.deleted)
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with transaction.atomic():
            for obj in queryset:
                self.note(request, obj, self.verbs.deleted)
            super().delete_queryset(request, queryset)

    def save_formset(
        self,
        request: HttpRequest,
        form: ModelForm[Any],
        formset: BaseInlineFormSet[Any, Any, Any],
        change: bool,
    ) -> None:
        """Save the rows of an inline, and record each change."""
        with transaction.atomic():
            super().save_formset(request, form, formset, change)
            verbs = self.inline_verbs.get(formset.model or Model)
            if verbs is None or not change:  # a new account has no customer yet
                return
            for obj in formset.new_objects:
                self.note_inline(request, obj, verbs.added, "")
            for obj, fields in formset.changed_objects:
                self.note_inline(request, obj, verbs.changed, ", ".join(fields))
            for obj in formset.deleted_objects:
                self.note_inline(request, obj, verbs.deleted, "")

    def note_inline(
        self, request: HttpRequest, obj: Any, verb: TextChoices | None, detail: str
    ) -> None:
        """Record ``verb`` for the row ``obj`` of an inline."""
        if verb is not None:
            record(operator_of(request), obj.account_id, verb, str(obj), detail)
