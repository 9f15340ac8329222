"""What is known of a person the moment he signs up."""

from __future__ import annotations

from allauth.account.signals import user_signed_up
from django.dispatch import receiver
from django.http import HttpRequest

from locations.models import User
from notifications.preferences.actions import guess_zone


@receiver(user_signed_up)
def keep_zone(sender: object, request: HttpRequest, user: User, **kwargs: object) -> None:
    """The time zone that his browser told, if it told one: his first mails have the right
    times. He chooses another under Settings › Notifications."""
    guess_zone(user, request.POST.get("time_zone", ""))
