"""The models of this app. Import them from here."""

from sessions_app.models.connect_link import ConnectLink
from sessions_app.models.gateway import Gateway
from sessions_app.models.scheduled_job import ScheduledJob
from sessions_app.models.session import NotPossible, Session
from sessions_app.models.session_event import SessionEvent
from sessions_app.models.support_bundle import BundleState, SupportBundle

__all__ = [
    "BundleState",
    "ConnectLink",
    "Gateway",
    "NotPossible",
    "ScheduledJob",
    "Session",
    "SessionEvent",
    "SupportBundle",
]
