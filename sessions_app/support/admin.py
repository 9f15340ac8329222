"""The admin page of support bundles. Operators create and download their own, which contain data
of the whole installation; customers' bundles are only listed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import ModelForm
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.text.units import size
from core.web.streaming import TooManyDownloads, download
from locations import impersonation
from locations.current_user import ip_address_of
from locations.plans.action_limits import ActionLimit, TooOften, count_action
from sessions_app.models import SupportBundle
from sessions_app.support import actions


class BundleRequestForm(ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Request a bundle. ``operator``: the id of the user, whose requests are counted."""

    operator: object = None

    def clean(self) -> dict[str, Any] | None:
        try:
            count_action((ActionLimit.BUNDLES_OF_OPERATOR, self.operator))
        except TooOften as error:
            raise ValidationError(str(error)) from None
        return super().clean()


@admin.register(SupportBundle)
class SupportBundleAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    """Adding a bundle requests it; a gateway builds it within seconds."""

    list_display = ("asked_at", "about", "asked_by", "state", "how_big", "expires_at", "file")
    list_filter = ("state",)
    list_select_related = ("account", "session__location")
    form = BundleRequestForm
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
        text = "Leave it empty for all sessions. A gateway builds the bundle within seconds."
        help_texts = {"session": text}
        form: Any = super().get_form(request, obj, change, **{**kwargs, "help_texts": help_texts})
        form.operator = request.user.pk  # of a class made for this request
        made: type[ModelForm[Any]] = form
        return made

    def save_model(
        self, request: HttpRequest, obj: SupportBundle, form: ModelForm[Any], change: bool
    ) -> None:
        """Request the bundle in the operator's name."""
        operator = impersonation.operator(str(request.user), ip_address_of(request))
        obj.asked_by = str(request.user)
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            actions.record_operators(operator, obj)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.download_file)
        own = path("<uuid:bundle_id>/file/", view, name="sessions_app_supportbundle_file")
        return [own, *super().get_urls()]

    def download_file(self, request: HttpRequest, bundle_id: Any) -> HttpResponseBase:
        """Return the ZIP file of an operators' bundle. Raises Http404 for a customer's bundle, and
        for users who may not view bundles."""
        rows = SupportBundle.objects.select_related("session__location")
        bundle: SupportBundle | None = rows.filter(pk=bundle_id, account=None).first()
        if bundle is None or not self.has_view_permission(request, bundle):
            raise Http404
        try:
            path = actions.file_of(bundle)
            response = download(request, path, "application/zip", bundle.file_name)
        except (actions.NotThere, TooManyDownloads) as error:
            self.message_user(request, str(error), messages.ERROR)
            return redirect("admin:sessions_app_supportbundle_changelist")
        operator = impersonation.operator(str(request.user), ip_address_of(request))
        actions.record_download(operator, bundle)
        return response

    def has_change_permission(self, request: HttpRequest, obj: SupportBundle | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SupportBundle | None = None) -> bool:
        return False  # a job deletes them with their files
