"""The log of mails, and the button that takes one's own address off the suppression list."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from core.web.decorators import page, post_only
from locations.current_user import principal_of
from locations.models import User
from notifications.mail import suppression
from notifications.mail.queries import mail_log


@page
def mails_page(request: HttpRequest) -> HttpResponse:
    log = mail_log(principal_of(request), request.GET)
    return render(request, "notifications/mail/mails.html", {**log})


@post_only
def try_again(request: HttpRequest) -> HttpResponse:
    """Take the address of the signed-in user off the suppression list."""
    user = request.user
    if isinstance(user, User) and suppression.try_again(user.email):
        messages.success(request, _("We will send mails to %s again.") % user.email)
    return redirect("account_email")
