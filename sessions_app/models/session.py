"""Sessions: WhatsApp numbers linked to locations.

No column has two writers: the web writes ``wanted*``, the gateway writes the rest, with
compare-and-set on ``version`` and ``lease_epoch`` (see ``store/transitions.py``).
"""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import Case, F, Q, When
from django.db.models.expressions import Combinable
from django.utils import timezone
from django.utils.translation import gettext

from core.security.encryption import SealBroken, SealedTextField
from locations.models import Account, Location
from locations.plans.entitlements import may_run
from sessions_app.lifecycle import Reason, Status, Wanted
from sessions_app.models.session_queryset import SessionQuerySet
from sessions_app.signals import session_wanted

DEVICE_NAME_CHARACTERS = 40  # phones cut off longer names


def _choices(words: type[Status] | type[Wanted] | type[Reason]) -> list[tuple[str, str]]:
    return [(str(word), str(word)) for word in words]


class NotPossible(Exception):
    """The action does not fit the session's state; the text says what to do instead."""


class Session(models.Model):
    """One WhatsApp number linked, or being linked, to a location."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="sessions")
    location = models.ForeignKey(Location, on_delete=models.CASCADE, related_name="sessions")
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    created_by = models.CharField(max_length=254, blank=True, default="", editable=False)

    # The requested state, written by the web. A ``wanted_attempt`` higher than ``attempt`` makes
    # the gateway connect anew: a restart, or a new QR code if no number is linked.
    wanted = models.CharField(max_length=10, choices=_choices(Wanted), default=Wanted.LINKED)
    wanted_attempt = models.PositiveIntegerField(default=1)
    wanted_at = models.DateTimeField(default=timezone.now)
    wanted_by = models.CharField(max_length=254, blank=True, default="")
    wanted_pairing_phone = models.CharField(max_length=16, blank=True, default="")  # E.164
    # The name that WhatsApp shows under Linked devices; "" for the installation's default.
    device_name = models.CharField(max_length=DEVICE_NAME_CHARACTERS, blank=True, default="")

    # The URL of the number's proxy; "" for none. A value that cannot be decrypted is an error and
    # is never treated as "".
    proxy = SealedTextField(blank=True, default="", editable=False)

    # The current state, written by the gateway.
    status = models.CharField(
        max_length=12, choices=_choices(Status), default=Status.INITIALIZING, editable=False
    )
    reason = models.CharField(
        max_length=24, choices=_choices(Reason), default=Reason.STARTING, editable=False
    )
    detail = models.CharField(max_length=120, blank=True, default="", editable=False)
    since = models.DateTimeField(default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    attempt = models.PositiveIntegerField(default=0, editable=False)
    phone_number = models.CharField(max_length=16, blank=True, default="", editable=False)  # E.164
    jid = models.CharField(max_length=64, blank=True, default="", editable=False)
    next_retry_at = models.DateTimeField(null=True, editable=False)
    last_proof_at = models.DateTimeField(null=True, editable=False)
    # When the number's own phone last did something; written at most hourly.
    phone_seen_at = models.DateTimeField(null=True, editable=False)

    # The codes to scan or type: credentials, cleared when the status leaves ``qr``.
    qr_text = SealedTextField(blank=True, default="", editable=False)
    qr_number = models.PositiveSmallIntegerField(null=True, editable=False)
    qr_of = models.PositiveSmallIntegerField(null=True, editable=False)
    qr_expires_at = models.DateTimeField(null=True, editable=False)
    pairing_code = SealedTextField(blank=True, default="", editable=False)
    pairing_error = models.CharField(max_length=120, blank=True, default="", editable=False)

    account_state: str  # these three only on rows read by ``for_gateway``
    account_trial_ends_at: datetime | None
    read_at: datetime

    # The lease: owner, fencing epoch, and expiry by the database's clock.
    lease_owner = models.CharField(max_length=120, blank=True, default="", editable=False)
    lease_epoch = models.PositiveIntegerField(default=0, editable=False)
    lease_expires_at = models.DateTimeField(null=True, editable=False)

    objects = SessionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=[str(s) for s in Status]), name="session_status_known"
            ),
            models.CheckConstraint(
                condition=Q(wanted__in=[str(w) for w in Wanted]), name="session_wanted_known"
            ),
            models.CheckConstraint(
                condition=Q(reason__in=[str(r) for r in Reason]), name="session_reason_known"
            ),
            models.CheckConstraint(
                condition=Q(status=Status.QR) | (Q(qr_text="") & Q(pairing_code="")),
                name="session_qr_only_while_qr",
            ),
            models.UniqueConstraint(
                fields=["location"],
                condition=~Q(wanted=Wanted.UNLINKED),
                name="session_one_live_a_location",
            ),
            models.UniqueConstraint(
                fields=["account", "phone_number"],
                condition=~Q(jid=""),
                name="session_one_linked_a_number",
            ),
        ]
        indexes = [
            models.Index(fields=["lease_expires_at"], name="session_lease_expiry"),
            models.Index(fields=["account", "status"], name="session_account_status"),
        ]

    def __str__(self) -> str:
        return f"{self.location} · {self.phone_number or 'no number yet'}"

    @property
    def is_linked(self) -> bool:
        """Whether we are a linked device of the number, connected or not."""
        return bool(self.jid)

    def ask_restart(self, *, by: str) -> None:
        """Connect anew: reconnect a linked number, or show a new QR code if none is linked.

        Raises NotPossible if the session is unlinked, or if the account is suspended: then the
        session reconnects automatically when the account is resumed."""
        if not may_run(self.account):
            raise NotPossible(
                gettext(
                    "The account is suspended. Ask your operator to resume it: this number then "
                    "reconnects by itself."
                )
            )
        self._ask(Wanted.LINKED, by=by, attempt=F("wanted_attempt") + 1)

    @property
    def may_be_named(self) -> bool:
        """Whether the device name can still change: the phone stores it when it links."""
        return not self.is_linked and self.wanted == Wanted.LINKED

    def ask_device_name(self, name: str, *, by: str) -> None:
        """Set the device name ("" for the default) and show a new code, because the present code
        contains the old name. Raises NotPossible if a phone is linked, or if the session is
        stopped or unlinked."""
        nameable = Session.objects.filter(pk=self.pk, jid="", wanted=Wanted.LINKED)
        if not nameable.update(device_name=name):
            raise NotPossible(
                gettext("The name can no longer be changed: the phone has stored it.")
            )
        self.ask_restart(by=by)

    def ask_stop(self, *, by: str) -> None:
        """Disconnect and keep the keys. Raises NotPossible if the session is unlinked."""
        self._ask(Wanted.STOPPED, by=by)

    def ask_unlink(self, *, by: str) -> None:
        """Permanently remove the device at WhatsApp and delete its keys."""
        self._ask(Wanted.UNLINKED, by=by)

    @property
    def may_be_replaced(self) -> bool:
        """Whether another number may take this one's place: it was linked, and is not any more."""
        return bool(self.phone_number) and not self.is_linked and self.wanted != Wanted.UNLINKED

    def ask_replacement(self, *, by: str) -> None:
        """End the session so that another number can take its place. Raises NotPossible unless it
        ``may_be_replaced``."""
        if not Session.objects.live().filter(pk=self.pk, jid="").exclude(phone_number="").exists():
            raise NotPossible(gettext("This number is linked. Unlink it first."))
        self.ask_unlink(by=by)

    @property
    def has_proxy(self) -> bool:
        """Whether the number has a proxy, including one that cannot be decrypted."""
        try:
            return bool(self.proxy)
        except SealBroken:
            return True

    def set_proxy(self, url: str, *, by: str) -> None:
        """Use the proxy ``url`` from now on, or none (""). A session that runs, or would reconnect
        automatically, connects anew. Raises NotPossible if it is unlinked."""
        runs = Q(wanted=Wanted.LINKED) & (~Q(jid="") | ~Q(status=Status.DISCONNECTED))
        attempts = F("wanted_attempt")
        anew = Case(
            When(runs, then=attempts + 1),
            default=attempts,
            output_field=models.PositiveIntegerField(),
        )
        self._request(proxy=url, wanted_attempt=anew, wanted_at=timezone.now(), wanted_by=by)

    def ask_pairing_code(self, phone: str, *, by: str) -> None:
        """Request a code to type on the phone with the number ``phone`` (E.164).

        Raises NotPossible unless the session waits for a scan."""
        if self.status != Status.QR:
            text = gettext("You can get a pairing code only while a QR code is shown.")
            raise NotPossible(text)
        self._ask(Wanted.LINKED, by=by, phone=phone)

    def _ask(
        self,
        wanted: Wanted,
        *,
        by: str,
        attempt: Combinable | None = None,
        phone: str = "",
    ) -> None:
        fields: dict[str, Any] = {
            "wanted": wanted,
            "wanted_at": timezone.now(),
            "wanted_by": by,
            "wanted_pairing_phone": phone,
        }
        if attempt is not None:
            fields["wanted_attempt"] = attempt
        self._request(**fields)

    def _request(self, **fields: Any) -> None:
        if not Session.objects.live().filter(pk=self.pk).update(**fields):
            raise NotPossible(gettext("This number is unlinked. Create a new connection."))
        self.refresh_from_db()
        self.announce_request()

    def announce_request(self) -> None:
        """Notify the gateway after the commit that the requested state changed."""
        transaction.on_commit(lambda: session_wanted.send(Session, session_id=self.pk), robust=True)
