"""The addresses of accounts, their people and their log."""

from django.urls import URLPattern, URLResolver, include, path

from locations.accounts import invitation_views as joining
from locations.accounts import member_views as team
from locations.accounts import views as accounts
from locations.audit_log import views as audit

_member = [
    path("role/", team.member_role, name="member_role"),
    path("remove/", team.member_remove, name="member_remove"),
    path("hand-over/", team.member_hand_over, name="member_hand_over"),
]
_account: list[URLPattern | URLResolver] = [
    path("switch/", accounts.account_switch, name="account_switch"),
    path("rename/", accounts.account_rename, name="account_rename"),
    path("leave/", accounts.account_leave, name="account_leave"),
    path("export/", accounts.account_export, name="account_export"),
    path("delete/", accounts.account_delete, name="account_delete"),
    path("deleting/", accounts.account_deleting, name="account_deleting"),
    path("invitations/", team.invite, name="invite"),
    path("members/<uuid:user_id>/", include(_member)),
]
urlpatterns = [
    path("settings/members/", team.members_page, name="members"),
    path("settings/account/", accounts.account_page, name="account_page"),
    path("settings/audit-log/", audit.audit_page, name="audit_log"),
    path("settings/audit-log/download/", audit.audit_download, name="audit_download"),
    path(
        "settings/invitations/<uuid:invitation_id>/resend/",
        team.invitation_resend,
        name="invitation_resend",
    ),
    path(
        "settings/invitations/<uuid:invitation_id>/revoke/",
        team.invitation_revoke,
        name="invitation_revoke",
    ),
    path("accounts/new/", accounts.account_new, name="account_new"),
    path("accounts/<uuid:account_id>/", include(_account)),
    path("invitations/<str:token>/", joining.invitation_page, name="invitation"),
    path("invitations/<str:token>/sign-out/", joining.invitation_sign_out, name="invitation_other"),
]
