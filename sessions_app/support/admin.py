"""Operators' support bundles: their own, which hold what no customer should see, to make and to
download; those of customers are only listed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import transaction
from django.forms import ModelForm
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.text.units import size
from core.web.streaming import download
from locations import impersonation
from locations.current_user import ip_address_of
from sessions_app.models import SupportBundle
from sessions_app.support import actions


@admin.register(SupportBundle)
class SupportBundleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Adding one asks for it; a gateway makes it within seconds."""

    list_display = ("asked_at", "about", "asked_by", "state", "how_big", "expires_at", "file")
    list_filter = ("state",)
    list_select_related = ("account", "session__location")
    fields = ("session", "lines")
    autocomplete_fields = ("session",)
    ordering = ("-asked_at",)

    @admin.display(description="about")
    def about(self, bundle: SupportBundle) -> str:
        what = str(bundle.session.location) if bundle.session else "all sessions"
        return f"{what}, for {bundle.account}" if bundle.account else what

    @admin.display(description="size")
    def how_big(self, bundle: SupportBundle) -> str:
        return size(bundle.size) if bundle.size else ""

    @admin.display(description="file")
    def file(self, bundle: SupportBundle) -> SafeString | str:
        if bundle.account_id is not None or bundle.ready_at is None:
            return ""
        url = reverse("admin:sessions_app_supportbundle_file", args=[bundle.pk])
        return format_html('<a href="{}">Download</a>', url)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm[Any]]:
        says = {"session": "Empty: about all sessions. A gateway makes the bundle within seconds."}
        return super().get_form(request, obj, change, **{**kwargs, "help_texts": says})

    def save_model(
        self, request: HttpRequest, obj: SupportBundle, form: ModelForm[Any], change: bool
    ) -> None:
        """Ask for it, in the operator's name."""
        operator = impersonation.operator(str(request.user), ip_address_of(request))
        obj.asked_by = str(request.user)
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            actions.note_operators(operator, obj)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.download_file)
        own = path("<uuid:bundle_id>/file/", view, name="sessions_app_supportbundle_file")
        return [own, *super().get_urls()]

    def download_file(self, request: HttpRequest, bundle_id: Any) -> HttpResponseBase:
        """The ZIP of an operators' bundle. Raises Http404 for a customer's, and for who may not
        see bundles."""
        rows = SupportBundle.objects.select_related("session__location")
        bundle: SupportBundle | None = rows.filter(pk=bundle_id, account=None).first()
        if bundle is None or not self.has_view_permission(request, bundle):
            raise Http404
        operator = impersonation.operator(str(request.user), ip_address_of(request))
        try:
            pieces = actions.download(operator, bundle)
        except actions.NotThere as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect("admin:sessions_app_supportbundle_changelist")
        answer = download(request, pieces, "application/zip", bundle.file_name)
        answer["Content-Length"] = str(bundle.size)
        return answer

    def has_change_permission(self, request: HttpRequest, obj: SupportBundle | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SupportBundle | None = None) -> bool:
        return False  # they go by themselves, with their files
