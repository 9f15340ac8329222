"""Template tags for the messages of a session and for the chart of messages."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from conversations.dashboard.overview import Chart, chart
from conversations.dashboard.traffic import traffic
from conversations.forms import MessageForm
from conversations.models import Message, MessageStatus
from conversations.queries import messages_of
from locations.principals import Principal

register = template.Library()

_TICKS: dict[str, str] = {
    MessageStatus.QUEUED: "clock",
    MessageStatus.SENDING: "clock",
    MessageStatus.UNCONFIRMED: "question",
    MessageStatus.SENT: "tick",
    MessageStatus.DELIVERED: "ticks",
    MessageStatus.READ: "ticks",
    MessageStatus.FAILED: "alert",
}

UNCONFIRMED_SENTENCE = _(
    "It may have been sent. A receipt settles it; it is not sent again automatically."
)


@register.inclusion_tag("conversations/_panel.html", takes_context=True)
def messages_panel(context: template.Context) -> dict[str, Any]:
    """Render the form and the list of messages for the session of the page."""
    session = context["session"]
    found = messages_of(session["id"])
    return {
        "session": session,
        "session_id": session["id"],
        "may_write": context["may_write"],
        "form": context.get("message_form") or MessageForm(),
        "rows": found.rows,
        "older": found.older,
        "csrf_token": context.get("csrf_token"),
    }


@register.inclusion_tag("conversations/dashboard/_chart.html")
def traffic_chart(principal: Principal) -> dict[str, Chart]:
    """Render the chart of the last days' messages that ``principal`` may see."""
    return {"chart": chart(traffic(principal))}


@register.filter
def tick(message: Message) -> str:
    """Return the icon for the status of an outgoing message."""
    return _TICKS.get(message.status, "")


@register.filter
def trouble(message: Message) -> str:
    """Return what is wrong with a message as a sentence, or ""."""
    if message.status == MessageStatus.UNCONFIRMED:
        return str(UNCONFIRMED_SENTENCE)
    if message.status == MessageStatus.FAILED:
        return message.error or gettext("It could not be sent.")
    return ""
