"""The URLs of signing in. Their names are allauth's; its other URLs are not available."""

from __future__ import annotations

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.usersessions import views as usersessions
from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, path

from locations.auth.views import ConfirmAddress, NewPassword, SignIn, View, with_422


def _page(route: str, view: View, name: str) -> URLPattern:
    return path(route, with_422(view), name=name)


def _public(route: str, view: View, name: str) -> URLPattern:
    return path(route, login_not_required(with_422(view)), name=name)


ENTRANCE = [
    _public("sign-in/", SignIn.as_view(), "account_login"),
    _public("sign-in/code/", account.request_login_code, "account_request_login_code"),
    _public("sign-in/code/confirm/", account.confirm_login_code, "account_confirm_login_code"),
    _public("sign-in/passkey/", webauthn.login_webauthn, "mfa_login_webauthn"),
    _public("sign-in/second-step/", mfa.authenticate, "mfa_authenticate"),
    _public("sign-in/inactive/", account.account_inactive, "account_inactive"),
    _public("sign-out/", account.logout, "account_logout"),
    _public("sign-up/", account.signup, "account_signup"),
    _public("verify/", account.email_verification_sent, "account_email_verification_sent"),
    _public("verify/<str:key>/", ConfirmAddress.as_view(), "account_confirm_email"),
    _public("reset/", account.password_reset, "account_reset_password"),
    _public("reset/sent/", account.password_reset_done, "account_reset_password_done"),
    _public(
        "reset/done/",
        account.password_reset_from_key_done,
        "account_reset_password_from_key_done",
    ),
    _public(
        "reset/<str:uidb36>/<str:key>/",
        NewPassword.as_view(),
        "account_reset_password_from_key",
    ),
]
SETTINGS = [
    _page("settings/email/", account.email, "account_email"),
    _page("settings/password/", account.password_change, "account_change_password"),
    _page("settings/password/new/", account.password_set, "account_set_password"),
    _page("settings/sign-ins/", usersessions.list_usersessions, "usersessions_list"),
    _page("settings/two-factor/", mfa.index, "mfa_index"),
    _page("settings/two-factor/app/", totp.activate_totp, "mfa_activate_totp"),
    _page("settings/two-factor/app/remove/", totp.deactivate_totp, "mfa_deactivate_totp"),
    _page("settings/two-factor/codes/", recovery.view_recovery_codes, "mfa_view_recovery_codes"),
    _page(
        "settings/two-factor/codes/new/",
        recovery.generate_recovery_codes,
        "mfa_generate_recovery_codes",
    ),
    _page(
        "settings/two-factor/codes/download/",
        recovery.download_recovery_codes,
        "mfa_download_recovery_codes",
    ),
    _page("settings/passkeys/", webauthn.list_webauthn, "mfa_list_webauthn"),
    _page("settings/passkeys/add/", webauthn.add_webauthn, "mfa_add_webauthn"),
    _page("settings/passkeys/<int:pk>/", webauthn.edit_webauthn, "mfa_edit_webauthn"),
    _page("settings/passkeys/<int:pk>/remove/", webauthn.remove_webauthn, "mfa_remove_webauthn"),
    _page("confirm/", account.reauthenticate, "account_reauthenticate"),
    _page("confirm/code/", mfa.reauthenticate, "mfa_reauthenticate"),
    _page("confirm/passkey/", webauthn.reauthenticate_webauthn, "mfa_reauthenticate_webauthn"),
]
urlpatterns = [*ENTRANCE, *SETTINGS]
