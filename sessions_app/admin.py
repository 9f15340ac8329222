"""Admin pages for sessions and gateways. State is shown, never edited.

They contain no QR text, pairing code or key. They do show the linked number, because operators
search by it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.timesince import timesince

from core.text.units import plural
from core.web import admin_base
from core.web.admin_base import Question
from locations.audit_log.operators import RecordedAdmin, Verbs, operator_of
from locations.plans.action_limits import TooOften
from locations.principals import Principal
from sessions_app import actions
from sessions_app.audit_verbs import SessionVerb
from sessions_app.diagnostics.rules import ALIVE_SECONDS
from sessions_app.lifecycle import Event, Reason
from sessions_app.models import Gateway, NotPossible, Session, SessionEvent
from sessions_app.scheduler import admin as scheduler_admin  # noqa: F401  registers its pages
from sessions_app.support import admin as support_admin  # noqa: F401  registers its pages
from sessions_app.wording import EVENTS, REASONS

_TIMELINE_ROWS = 100
_UNLINK = Question(
    action="unlink",
    title="Unlink these numbers?",
    consequence="Pairline is removed from the phones of these numbers and their keys are deleted, "
    "permanently. To link a number again, its user must scan a new code.",
    yes="Unlink for good",
)


class TimelineInline(admin.TabularInline):  # type: ignore[type-arg]  # not generic at run time
    """The latest events of a session, newest first."""

    model = SessionEvent
    verbose_name_plural = f"timeline (the latest {_TIMELINE_ROWS})"
    fields = ("at", "what", "old_status", "new_status", "reason", "detail", "actor")
    readonly_fields = fields
    ordering = ("-version",)
    extra = 0
    can_delete = False

    class Media:
        css = {"all": ["css/admin.css"]}

    @admin.display(description="event")
    def what(self, event: SessionEvent) -> str:
        return EVENTS[Event(event.event)]

    def get_queryset(self, request: HttpRequest) -> QuerySet[SessionEvent]:
        events: QuerySet[SessionEvent] = super().get_queryset(request)
        match = request.resolver_match
        session = str(match.kwargs.get("object_id", "")) if match else ""
        latest = SessionEvent.objects.filter(session_id=session).order_by("-version")
        return events.filter(pk__in=latest.values("pk")[:_TIMELINE_ROWS])

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Session)
class SessionAdmin(admin_base.SmallDeletionAdmin, RecordedAdmin):
    verbs = Verbs(None, None, SessionVerb.SESSION_DELETED)
    list_display = ("location", "account", "number", "status", "reason", "for_how_long", "wanted")
    list_filter = ("status", ("reason", admin.AllValuesFieldListFilter), "wanted")
    list_select_related = ("location", "account")
    search_fields = ("phone_number", "location__name", "account__name")
    search_help_text = "Number, location or account"
    actions = ("restart", "stop", "unlink")
    inlines = (TimelineInline,)
    fieldsets = (
        (None, {"fields": ("location", "account", "number", "linked", "id", "created_at")}),
        (
            "Current state",
            {
                "fields": (
                    "status",
                    "reason",
                    "sentence",
                    "detail",
                    "since",
                    "last_proof_at",
                    "phone_seen_at",
                    "next_retry_at",
                )
            },
        ),
        ("Requested state", {"fields": ("wanted", "wanted_attempt", "wanted_at", "wanted_by")}),
        (
            "Gateway",
            {"fields": ("lease_owner", "lease_epoch", "lease_expires_at", "attempt", "version")},
        ),
    )

    @admin.display(description="number", ordering="phone_number")
    def number(self, session: Session) -> str:
        return session.phone_number or "none yet"

    @admin.display(description="since", ordering="since")
    def for_how_long(self, session: Session) -> str:
        return f"{timesince(session.since, depth=1)} ago"

    @admin.display(description="linked", boolean=True)
    def linked(self, session: Session) -> bool:
        return session.is_linked

    @admin.display(description="in words")
    def sentence(self, session: Session) -> str:
        words = REASONS[Reason(session.reason)]
        return f"{words.sentence}. {words.advice}"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Session | None = None) -> bool:
        return False  # status and wanted have one writer each; operators use the actions

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Return whether the user may use the actions."""
        return bool(request.user.has_perm("sessions_app.change_session"))

    def has_delete_permission(self, request: HttpRequest, obj: Session | None = None) -> bool:
        """Refuse a linked session: WhatsApp would keep our device. Unlink it first."""
        if obj is not None and obj.is_linked:
            return False
        return super().has_delete_permission(request, obj)

    @admin.action(description="Restart the selected sessions", permissions=["operate"])
    def restart(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        self._ask(request, queryset, actions.restart, "restart")

    @admin.action(description="Stop the selected sessions", permissions=["operate"])
    def stop(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        self._ask(request, queryset, actions.stop, "stop")

    @admin.action(description="Unlink the selected sessions…", permissions=["operate"])
    def unlink(self, request: HttpRequest, queryset: QuerySet[Session]) -> HttpResponse | None:
        """Ask for confirmation: to link a number again, its user must scan a new code."""
        if admin_base.sure(request):
            self._ask(request, queryset, actions.unlink, "unlink")
            return None
        rows = queryset.select_related("location", "account")
        named = [(row, f"{row} ({row.account})") for row in rows]
        return admin_base.ask(request, self, _UNLINK, named)

    def _ask(
        self,
        request: HttpRequest,
        queryset: QuerySet[Session],
        ask: Callable[[Principal, Session], None],
        verb: str,
    ) -> None:
        operator, asked = operator_of(request), 0
        for session in queryset.select_related("location"):
            try:
                ask(operator, session)
            except (NotPossible, TooOften) as error:
                self.message_user(request, f"{session}: {error}", messages.ERROR)
            else:
                asked += 1
        if asked:
            sessions = plural(asked, "session")
            self.message_user(request, f"Asked the gateway to {verb} {sessions}.")


@admin.register(Gateway)
class GatewayAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """The last report of each gateway."""

    list_display = ("host", "pid", "alive", "heartbeat_at", "sessions", "memory", "trouble")
    ordering = ("-heartbeat_at",)

    @admin.display(description="alive", boolean=True)
    def alive(self, gateway: Gateway) -> bool:
        age = timezone.now() - gateway.heartbeat_at
        return gateway.stopped_at is None and age.total_seconds() <= ALIVE_SECONDS

    @admin.display(description="sessions")
    def sessions(self, gateway: Gateway) -> int:
        return sum(int(engine.get("sessions", 0)) for engine in gateway.engines)

    @admin.display(description="engines' memory, MB")
    def memory(self, gateway: Gateway) -> int:
        return round(sum(float(engine.get("rss_mb", 0)) for engine in gateway.engines))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Gateway | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Gateway | None = None) -> bool:
        return False
