"""Accounts (tenants), users and their memberships."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from django.contrib.auth.models import AbstractUser, BaseUserManager
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from locations.models.plans import AccountState, Plan, trial_end
from locations.models.tenant import TenantQuerySet


class UserManager(BaseUserManager["User"]):
    """Users are identified by their e-mail address, in lower case."""

    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        return (email or "").strip().lower()

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Create an operator, with a verified address."""
        user = self.create_user(email, password, is_staff=True, is_superuser=True, **fields)
        user.mark_email_verified()
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractUser):
    username = None  # type: ignore[assignment]  # users sign in by e-mail
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField("e-mail address", unique=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save the user. If the e-mail address changes, no other address keeps access to the user:
        neither sign-in, reset and confirmation links nor a pending change."""
        fields = kwargs.get("update_fields")
        if self._state.adding or (fields is not None and "email" not in fields):
            super().save(*args, **kwargs)
            return
        with transaction.atomic():
            before = User.objects.select_for_update().values_list("email", flat=True)
            old = before.filter(pk=self.pk).first()
            super().save(*args, **kwargs)
            if old is not None and old.lower() != self.email.lower():
                self._drop_other_addresses()

    def _drop_other_addresses(self) -> None:
        # Rows are never renamed: links that confirm an address name its row.
        EmailAddress.objects.filter(user=self).exclude(email=self.email.lower()).delete()
        EmailAddress.objects.update_or_create(
            user=self, email=self.email.lower(), defaults={"primary": True}
        )

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Return what ends all sign-ins when the password or the e-mail address changes."""
        salt, value = "locations.User.sign_in", f"{self.password}|{self.email.lower()}"
        return salted_hmac(salt, value, secret=secret, algorithm="sha256").hexdigest()

    def mark_email_verified(self) -> None:
        """Mark the e-mail address as verified, for users whose creator answers for it."""
        EmailAddress.objects.update_or_create(
            user=self, email=self.email.lower(), defaults={"verified": True, "primary": True}
        )


class AccountQuerySet(TenantQuerySet):
    account_path = "pk"


class Account(models.Model):
    """A tenant: the agency or business that signs up. All tenant data belongs to one."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    # The start of its deletion; nothing in it may change after that (accounts/deletion.py).
    deleting_at = models.DateTimeField(null=True, blank=True, editable=False)

    # Read these through ``locations.plans.entitlements``: their meaning depends on the time.
    plan = models.ForeignKey(
        Plan,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="accounts",
        help_text="Empty is the default plan.",
    )
    state = models.CharField(max_length=10, choices=AccountState, default=AccountState.TRIAL)
    trial_ends_at = models.DateTimeField(null=True, blank=True, default=trial_end)
    own_max_locations = models.PositiveIntegerField("locations", null=True, blank=True)
    own_max_sessions = models.PositiveIntegerField("numbers", null=True, blank=True)
    own_max_members = models.PositiveIntegerField("members", null=True, blank=True)
    own_max_api_calls_a_minute = models.PositiveIntegerField(
        "API calls a minute", null=True, blank=True
    )

    objects = AccountQuerySet.as_manager()

    class Meta:
        permissions = [("view_as_owner", "Can view accounts as their owners")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=AccountState.values), name="account_state_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["deleting_at"],
                condition=models.Q(deleting_at__isnull=False),
                name="account_deleting",
            )
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    MEMBER = "member", _("Member")
    VIEWER = "viewer", _("Viewer")


class Member(models.Model):
    """A user's role in an account."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role, default=Role.MEMBER)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_seen_at = models.DateTimeField(null=True, editable=False)

    objects = TenantQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "user"], name="member_once_an_account"),
            models.CheckConstraint(
                condition=models.Q(role__in=Role.values), name="member_role_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} ({self.role})"


def still_has_role(user: str, roles: Collection[Role]) -> models.Q:
    """Return the condition that the user in the column ``user`` (a UUID) is active and has one of
    ``roles`` in the account of the row. It also holds where the column is empty: the row was not
    created by a user."""
    members = Member._base_manager.filter(
        account=models.OuterRef("account"),
        user=models.OuterRef(user),
        user__is_active=True,
        role__in=roles,
    )
    return models.Q(**{f"{user}__isnull": True}) | models.Q(models.Exists(members))
