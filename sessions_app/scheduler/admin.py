"""The admin page of the scheduled jobs: last result, next run, and Run now."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from core.text.units import duration
from sessions_app.models import ScheduledJob
from sessions_app.scheduler import queue, status
from sessions_app.scheduler.status import JobStatus


@admin.register(ScheduledJob)
class ScheduledJobAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    list_display = ("title", "every", "next_run", "last_run", "succeeded", "result")
    list_display_links = None
    actions = ("run_now",)
    ordering = ("name",)

    class Media:
        css = {"all": ["css/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[ScheduledJob] = super().get_queryset(request)
        return rows.annotate(read_at=Now())

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        title = {"title": _("Scheduled jobs: select jobs to run them now")}
        return super().changelist_view(request, title | (extra_context or {}))

    def get_action_choices(
        self, request: HttpRequest, default_choices: list[tuple[str, str]] | None = None
    ) -> list[tuple[str, str]]:
        """Preselect the only action."""
        return super().get_action_choices(request, default_choices or [])

    @admin.display(description=_("job"), ordering="name")
    def title(self, job: ScheduledJob) -> str:
        return _status(job).title

    @admin.display(description=_("every"))
    def every(self, job: ScheduledJob) -> str:
        span = _status(job).every
        return "" if span == span.max else duration(span.total_seconds())

    @admin.display(description=_("last run"), ordering="last_finished_at")
    def last_run(self, job: ScheduledJob) -> str:
        return _status(job).last_run

    @admin.display(description=_("succeeded"), boolean=True)
    def succeeded(self, job: ScheduledJob) -> bool | None:
        return job.last_ok

    @admin.display(description=_("last result"))
    def result(self, job: ScheduledJob) -> str:
        return _status(job).trouble or job.last_result

    @admin.display(description=_("next run"), ordering="due_at")
    def next_run(self, job: ScheduledJob) -> str:
        return _status(job).next_run

    @admin.action(description=_("Run now"), permissions=["operate"])
    def run_now(self, request: HttpRequest, queryset: QuerySet[ScheduledJob]) -> None:
        """Needs no confirmation: each job may run at any time."""
        for job in queryset:
            title = _status(job).title
            if queue.run_now(job.name):
                self.log_change(request, job, _("Requested a run"))
                text = _("%s: a gateway starts it within a few seconds.") % title
                self.message_user(request, text)
            else:
                self.message_user(request, _("%s: is already running.") % title, messages.WARNING)

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may use the action."""
        return bool(request.user.has_perm("sessions_app.change_scheduledjob"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ScheduledJob | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ScheduledJob | None = None) -> bool:
        return False


def _status(job: Any) -> JobStatus:
    return status.status_of(job, job.read_at)
