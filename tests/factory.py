"""Plain builders for rows; every argument has a sensible default and none is random."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.utils import timezone

from conversations.models import Direction, Message, MessageStatus
from locations.models import Account, AccountState, Location, Member, Plan, Role, User
from notifications.kinds import NoticeKind
from notifications.models import Delivery, Incident, Mail, Notice, Webhook, WebhookEvent
from notifications.models.webhook import SUBSCRIBABLE
from sessions_app.gateway.ports import SessionState
from sessions_app.lifecycle import Reason, Status
from sessions_app.models import Session
from sessions_app.store.transitions import ChangeRequest, apply_changes

_numbers = count(1)
PASSWORD = "correct horse battery staple"


def make_plan(name: str = "Everything", **limits: int | None) -> Plan:
    """A plan without limits, except for ``limits`` (such as ``max_sessions=1``). What migrations
    made is not there in every test: those with transactions of their own empty all tables."""
    return Plan.objects.update_or_create(name=name, defaults=limits)[0]


def make_account(name: str = "Harbour Group", **columns: Any) -> Account:
    """An active account whose plan limits nothing; ``columns`` win."""
    return Account.objects.create(
        **{
            "name": name,
            "plan": columns.get("plan") or make_plan(),
            "state": AccountState.ACTIVE,
            "trial_ends_at": None,
            **columns,
        }
    )


def make_user(name: str = "alice", account: Account | None = None, role: Role = Role.OWNER) -> User:
    """A user who signs in with ``PASSWORD`` (hashed cheaply: argon2 would take most of the
    tests' time)."""
    user = User.objects.create(
        email=f"{name}@example.com", password=PBKDF2PasswordHasher().encode(PASSWORD, "test", 1)
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    if account is not None:
        Member.objects.create(account=account, user=user, role=role)
    return user


def make_location(
    account: Account | None = None, name: str = "Harbour Dental · Lisbon"
) -> Location:
    location: Location = Location.objects.create(account=account or make_account(), name=name)
    return location


def _columns_of(status: Status) -> dict[str, Any]:
    now = timezone.now()
    alive = {"lease_owner": "test", "lease_epoch": 1, "lease_expires_at": now + timedelta(hours=1)}
    number = next(_numbers)
    if status is Status.READY:
        phone = f"+3519{number:08d}"
        return {
            **alive,
            "reason": Reason.OK,
            "phone_number": phone,
            "jid": f"{phone[1:]}:1@s.whatsapp.net",
        }
    if status is Status.QR:
        return {
            **alive,
            "reason": Reason.SCAN,
            "qr_text": f"https://wa.me/settings/linked_devices#test-{number}",
            "qr_number": 1,
            "qr_of": 6,
            "qr_expires_at": now + timedelta(seconds=60),
        }
    if status is Status.INITIALIZING:
        return {**alive, "reason": Reason.STARTING}
    return {"reason": Reason.QR_EXPIRED}


def make_session(
    location: Location | None = None, status: Status = Status.READY, **columns: Any
) -> Session:
    """A session in ``status`` with the columns that such a row has; ``columns`` win."""
    place = location or make_location()
    session: Session = Session.objects.create(
        account=place.account,
        location=place,
        status=status,
        **{"attempt": 1, **_columns_of(status), **columns},
    )
    return session


def connect(account: Account, name: str, status: Status = Status.READY, **columns: Any) -> Session:
    """A session of a new location called ``name``; ``columns`` win."""
    return make_session(make_location(account, name), status, **columns)


def make_message(session: Session, **columns: Any) -> Message:
    """An outgoing text that waits; ``columns`` win."""
    message: Message = Message.objects.create(
        **{
            "account": session.account,
            "session": session,
            "direction": Direction.OUT,
            "status": MessageStatus.QUEUED,
            "peer": "+351911111111",
            "text": "Hello",
            **columns,
        }
    )
    return message


def make_webhook(
    account: Account, url: str = "https://93.184.216.34/hook", **columns: Any
) -> Webhook:
    """A webhook that hears everything; ``columns`` win."""
    events = [str(kind) for kind in SUBSCRIBABLE]
    webhook: Webhook = Webhook.objects.create(
        **{"account": account, "url": url, "events": events, **columns}
    )
    return webhook


def make_delivery(webhook: Webhook, **columns: Any) -> Delivery:
    """A delivery that is due; ``columns`` win."""
    delivery: Delivery = Delivery.objects.create(
        **{
            "account_id": webhook.account_id,
            "webhook": webhook,
            "kind": WebhookEvent.SESSION_STATUS,
            "payload": {"status": "ready"},
            **columns,
        }
    )
    return delivery


def make_incident(session: Session, **columns: Any) -> Incident:
    """An open incident of ``session`` without a notice; ``columns`` win."""
    incident: Incident = Incident.objects.create(
        **{
            "account_id": session.account_id,
            "session": session,
            "began_with": Reason.RECONNECTING,
            "reason": Reason.RECONNECTING,
            **columns,
        }
    )
    return incident


def make_notice(session: Session, kind: NoticeKind = NoticeKind.LOST, **columns: Any) -> Notice:
    """A notice about ``session`` that is due; ``columns`` win."""
    facts = {
        "location": session.location.name,
        "number": session.phone_number,
        "reason": str(Reason.LOGGED_OUT),
        "since": timezone.now().isoformat(),
        "by": "",
    }
    notice: Notice = Notice.objects.create(
        **{
            "account_id": session.account_id,
            "kind": kind,
            "session_id": session.pk,
            "location_id": session.location_id,
            "facts": facts,
            **columns,
        }
    )
    return notice


def make_mail(account: Account | None, **columns: Any) -> Mail:
    """A mail that waits to be sent; ``columns`` win."""
    mail: Mail = Mail.objects.create(
        **{
            "account": account,
            "kind": "lost",
            "key": f"test-{next(_numbers)}",
            "to": "alice@example.com",
            "subject": "Harbour Dental lost its connection",
            "text": "Scan again.",
            "html": "<p>Scan again.</p>",
            **columns,
        }
    )
    return mail


def apply_change(owner: str, asked: ChangeRequest) -> SessionState:
    """Write one change alone: the new state. Raises why it was not written."""
    (result,) = apply_changes(owner, [asked])
    if isinstance(result, Exception):
        raise result
    return result
