"""The operators' gallery of all mails: a list, a page for each with switches, and the mail itself.

The mail is shown in a sandboxed frame, by a response with a policy of its own: styles of its own
and nothing else, no script, nothing from anywhere.
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
class Look:
    """How a mail is looked at; the first of each choice unless the address says otherwise."""

    form: str
    width: str
    colours: str
    language: str
    count: str

    @classmethod
    def parse(cls, query: Mapping[str, Any]) -> Look:
        asked = {name: str(query.get(name, "")) for name in _CHOICES}
        return cls(
            **{
                name: asked[name] if asked[name] in choices else choices[0]
                for name, choices in _CHOICES.items()
            }
        )

    @property
    def address(self) -> str:
        return urlencode({field.name: getattr(self, field.name) for field in fields(self)})


@page
def gallery_page(request: HttpRequest) -> HttpResponse:
    """All mails by their groups. Raises PermissionDenied without the right to see mails."""
    _may_look(request)
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
    """One mail with the switches. Raises Http404 for a name that there is not."""
    sample, look = _found(request, name), Look.parse(request.GET)
    shown = {
        "sample": sample,
        "mail": _mail(sample, look),
        "look": look,
        "switches": _switches(sample, look),
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
    """The mail itself, as it would be sent. Raises Http404 for a name that there is not."""
    sample, look = _found(request, name), Look.parse(request.GET)
    mail = _mail(sample, look)
    if look.form == "text":
        return HttpResponse(mail.text, content_type="text/plain; charset=utf-8")
    chosen = "@media all" if look.colours == "dark" else "@media not all"
    return HttpResponse(mail.html.replace(_DARK, chosen))


def _mail(sample: Sample, look: Look | None = None) -> RenderedMail:
    look = look or Look.parse({})
    count = MANY if sample.several and look.count == "several" else 1
    with translation.override(look.language):
        return render(sample.write(count), look.language)


def _switches(sample: Sample, look: Look) -> list[dict[str, Any]]:
    """A row for each choice: what it is called, and each value with its address."""
    names = {
        "form": _("Form"),
        "width": _("Width"),
        "colours": _("Colours"),
        "language": _("Direction"),
        "count": _("About"),
    }
    return [
        {"name": names[name], "values": [_value(look, name, value) for value in choices]}
        for name, choices in _CHOICES.items()
        if name != "count" or sample.several
    ]


def _value(look: Look, name: str, value: str) -> dict[str, Any]:
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
    changed = replace(look, **{name: value})
    return {"label": labels[value], "chosen": changed == look, "address": changed.address}


def _found(request: HttpRequest, name: str) -> Sample:
    _may_look(request)
    sample = samples().get(name)
    if sample is None:
        raise Http404
    return sample


def _may_look(request: HttpRequest) -> None:
    if not request.user.has_perm(PERMISSION):
        raise PermissionDenied


def _page(request: HttpRequest, template: str, title: str, shown: dict[str, Any]) -> HttpResponse:
    context = {**admin.site.each_context(request), "title": title, **shown}
    return TemplateResponse(request, template, context)
