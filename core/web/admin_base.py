"""Base classes and the confirmation page of the admin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from core.data.batch_delete import is_large


@dataclass(frozen=True)
class Question:
    """What the confirmation page of the admin action ``action`` shows. ``yes``: its button."""

    action: str
    title: str
    consequence: str
    yes: str


def sure(request: HttpRequest) -> bool:
    """Return whether the operator has confirmed."""
    return bool(request.POST.get("sure"))


def ask(
    request: HttpRequest,
    admin: ModelAdmin[Any],
    question: Question,
    rows: Iterable[tuple[Model, str]],
) -> TemplateResponse:
    """Render the page that asks ``question`` about ``rows``, pairs of an object and its label.
    Its form posts the same action again."""
    context = {
        **admin.admin_site.each_context(request),
        "title": question.title,
        "opts": admin.opts,
        "question": question,
        "rows": list(rows),
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "core/web/admin_confirm.html", context)


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """An admin for rows that only the application writes."""

    list_select_related: ClassVar[bool | list[str] | tuple[str, ...]] = ("account",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Allow deletion together with the account only; Django checks each row of it."""
        return obj is not None and super().has_delete_permission(request, obj)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: object = None
    ) -> HttpResponse:
        raise PermissionDenied("This is deleted with its account only.")


class SmallDeletionAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """An admin that deletes rows only if what depends on them fits into one transaction: it
    would block other writers, and its confirmation page would load all of it."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj)
        return allowed and (obj is None or not is_large(obj))

    def get_deleted_objects(
        self, objs: QuerySet[Any] | Sequence[Any], request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[str]]:
        """Return what the confirmation page lists; large rows as objects that may not be
        deleted, without loading what depends on them."""
        large = [str(row) for row in objs if is_large(row)]
        if large:
            return large, {}, {f"{self.opts.verbose_name} with a long history"}, []
        return super().get_deleted_objects(objs, request)
