"""Actions of operators that ask once more before they are done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.admin import ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import Model
from django.http import HttpRequest
from django.template.response import TemplateResponse


@dataclass(frozen=True)
class Question:
    """What the page asks before the admin's action ``action`` is done; ``yes``: its button."""

    action: str
    title: str
    consequence: str
    yes: str


def sure(request: HttpRequest) -> bool:
    """Whether the question was answered with yes."""
    return bool(request.POST.get("sure"))


def ask(
    request: HttpRequest,
    admin: ModelAdmin[Any],
    question: Question,
    rows: Iterable[tuple[Model, str]],
) -> TemplateResponse:
    """The page that asks ``question`` about ``rows``, each with the words for it. Its answer
    posts the same action again."""
    context = {
        **admin.admin_site.each_context(request),
        "title": question.title,
        "opts": admin.opts,
        "question": question,
        "rows": list(rows),
        "checkbox": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/confirm.html", context)
