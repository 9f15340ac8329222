"""The operators' gallery of all mails: a list, a page with options for each, and the mail itself.

The mail is shown in a sandboxed frame. Its response has its own Content-Security-Policy, which
allows inline styles only: no scripts and no remote content.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any
from urllib.parse import urlencode

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace, csp_update
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin

from core.mail.content import RenderedMail, render
from core.web.decorators import page
from notifications.mail_content.samples import MANY, Sample, samples

PERMISSION = "notifications.view_mail"
_DARK = "@media (prefers-color-scheme: dark)"
_CHOICES: Mapping[str, tuple[str, ...]] = {
    "form": ("html", "text"),
    "width": ("desktop", "phone"),
    "colours": ("light", "dark"),
    "language": ("en", "ar"),
    "count": ("one", "several"),
}


@dataclass(frozen=True)
class PreviewOptions:
    """How a mail is shown. Each option defaults to its first choice."""

    form: str
    width: str
    colours: str
    language: str
    count: str

    @classmethod
    def parse(cls, query: Mapping[str, Any]) -> PreviewOptions:
        given = {name: str(query.get(name, "")) for name in _CHOICES}
        return cls(
            **{
                name: given[name] if given[name] in choices else choices[0]
                for name, choices in _CHOICES.items()
            }
        )

    @property
    def address(self) -> str:
        return urlencode({field.name: getattr(self, field.name) for field in fields(self)})


@page
def gallery_page(request: HttpRequest) -> HttpResponse:
    """List all mails by group. Raises PermissionDenied without the permission to view mails."""
    _require_permission(request)
    listed = [
        {"name": sample.name, "group": str(sample.group), "subject": _mail(sample).subject}
        for sample in samples().values()
    ]
    return _page(
        request, "notifications/mail_content/previews.html", _("All mails"), {"samples": listed}
    )


@csp_update({"frame-src": [SELF]})  # type: ignore[arg-type]  # views with arguments, too
@page
def gallery_mail(request: HttpRequest, name: str) -> HttpResponse:
    """Show one mail with its options. Raises Http404 for an unknown name."""
    sample, options = _found(request, name), PreviewOptions.parse(request.GET)
    shown = {
        "sample": sample,
        "mail": _mail(sample, options),
        "options": options,
        "switches": _switches(sample, options),
    }
    return _page(request, "notifications/mail_content/preview.html", sample.name, shown)


@page
@xframe_options_sameorigin
@csp_replace(  # type: ignore[arg-type]
    {
        "default-src": [NONE],
        "style-src": [UNSAFE_INLINE],
        "frame-ancestors": [SELF],
        "script-src": None,
        "img-src": None,
        "font-src": None,
        "connect-src": None,
        "form-action": [NONE],
        "sandbox": ["allow-popups"],
    }
)
def gallery_preview(request: HttpRequest, name: str) -> HttpResponse:
    """Return the mail itself, as it would be sent. Raises Http404 for an unknown name."""
    sample, options = _found(request, name), PreviewOptions.parse(request.GET)
    mail = _mail(sample, options)
    if options.form == "text":
        return HttpResponse(mail.text, content_type="text/plain; charset=utf-8")
    chosen = "@media all" if options.colours == "dark" else "@media not all"
    return HttpResponse(mail.html.replace(_DARK, chosen))


def _mail(sample: Sample, options: PreviewOptions | None = None) -> RenderedMail:
    options = options or PreviewOptions.parse({})
    count = MANY if sample.several and options.count == "several" else 1
    with translation.override(options.language):
        return render(sample.write(count), options.language)


def _switches(sample: Sample, options: PreviewOptions) -> list[dict[str, Any]]:
    """Return a row for each option: its label, and its values with their addresses."""
    names = {
        "form": _("Form"),
        "width": _("Width"),
        "colours": _("Colours"),
        "language": _("Direction"),
        "count": _("About"),
    }
    return [
        {"name": names[name], "values": [_value(options, name, value) for value in choices]}
        for name, choices in _CHOICES.items()
        if name != "count" or sample.several
    ]


def _value(options: PreviewOptions, name: str, value: str) -> dict[str, Any]:
    labels = {
        "html": _("HTML"),
        "text": _("Text"),
        "desktop": _("Desktop"),
        "phone": _("Phone"),
        "light": _("Light"),
        "dark": _("Dark"),
        "en": _("Left to right"),
        "ar": _("Right to left"),
        "one": _("One"),
        "several": _("Several"),
    }
    changed = replace(options, **{name: value})
    return {"label": labels[value], "chosen": changed == options, "address": changed.address}


def _found(request: HttpRequest, name: str) -> Sample:
    _require_permission(request)
    sample = samples().get(name)
    if sample is None:
        raise Http404
    return sample


def _require_permission(request: HttpRequest) -> None:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied


def _page(request: HttpRequest, template: str, title: str, shown: dict[str, Any]) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": title, **shown}
    return TemplateResponse(request, template, context)
