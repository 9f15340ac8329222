"""The admin site: its sign-in, its title, and models that it must not show."""

from __future__ import annotations

from allauth.account.decorators import secure_admin_login
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import admin, messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

_is_staff, _own_sign_in = admin.site.has_permission, admin.site.login


def _has_second_step(request: HttpRequest) -> bool:
    """Return whether the operator has an authenticator app or a passkey. Its proof is a part of
    each sign-in."""
    user = request.user
    needed = settings.OPERATORS_NEED_SECOND_STEP and user.is_authenticated
    return not needed or bool(is_mfa_enabled(user))


def _may_enter(request: HttpRequest) -> bool:
    return _is_staff(request) and _has_second_step(request)


@secure_admin_login  # type: ignore[untyped-decorator]
def _sign_in(request: HttpRequest) -> HttpResponseBase:
    """Lead operators without a second step to the page that sets one up."""
    if _has_second_step(request):
        return _own_sign_in(request)
    messages.warning(
        request,
        _("Operators need a second step. Set up an app or a passkey, then open the admin again."),
    )
    return redirect("mfa_index")


admin.site.has_permission = _may_enter  # type: ignore[method-assign]
admin.site.login = _sign_in  # type: ignore[method-assign]
admin.site.unregister([Authenticator, UserSession])  # they contain secrets; users manage their own
admin.site.site_header = admin.site.site_title = "Pairline"
admin.site.index_title = "Operation"
admin.site.enable_nav_sidebar = False  # the lists need the width; breadcrumbs lead back
