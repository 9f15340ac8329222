from django.urls import URLPattern, URLResolver, include, path

from locations import views
from locations.accounts import invitation_views, member_views
from locations.accounts import views as account_views
from locations.api_keys import views as key_views
from locations.audit_log import views as audit_views
from locations.exports import views as export_views
from locations.plans import views as plan_views

_location = [
    path("", views.location_change, name="location_change"),
    path("delete/", views.location_delete, name="location_delete"),
]
_key = [
    path("secret/", key_views.key_secret, name="key_secret"),
    path("rotate/", key_views.key_rotate, name="key_rotate"),
    path("revoke/", key_views.key_revoke, name="key_revoke"),
]
_invitation = [
    path("resend/", member_views.invitation_resend, name="invitation_resend"),
    path("revoke/", member_views.invitation_revoke, name="invitation_revoke"),
]
_settings: list[URLPattern | URLResolver] = [
    path("locations/", views.location_list, name="location_list"),
    path("locations/new/", views.location_new, name="location_new"),
    path("locations/<uuid:location_id>/", include(_location)),
    path("keys/", key_views.key_list, name="key_list"),
    path("keys/new/", key_views.key_new, name="key_new"),
    path("keys/<uuid:key_id>/", include(_key)),
    path("plan/", plan_views.plan_page, name="plan"),
    path("members/", member_views.members_page, name="members"),
    path("account/", account_views.account_page, name="account_page"),
    path("audit-log/", audit_views.audit_page, name="audit_log"),
    path("audit-log/download/", audit_views.audit_download, name="audit_download"),
    path("invitations/<uuid:invitation_id>/", include(_invitation)),
]
_member = [
    path("role/", member_views.member_role, name="member_role"),
    path("remove/", member_views.member_remove, name="member_remove"),
    path("hand-over/", member_views.member_hand_over, name="member_hand_over"),
]
_account: list[URLPattern | URLResolver] = [
    path("switch/", account_views.account_switch, name="account_switch"),
    path("rename/", account_views.account_rename, name="account_rename"),
    path("leave/", account_views.account_leave, name="account_leave"),
    path("export/", account_views.account_export, name="account_export"),
    path("delete/", account_views.account_delete, name="account_delete"),
    path("deleting/", account_views.account_deleting, name="account_deleting"),
    path("invitations/", member_views.invite, name="invite"),
    path("members/<uuid:user_id>/", include(_member)),
]
_export = [
    path("", export_views.export_page, name="export"),
    path("live/", export_views.export_live, name="export_live"),
    path("file/", export_views.export_file, name="export_file"),
]
_open_invitation = [
    path("", invitation_views.invitation_page, name="invitation"),
    path("sign-out/", invitation_views.invitation_sign_out, name="invitation_other"),
]
urlpatterns = [
    path("", include("locations.auth.urls")),
    path("settings/", include(_settings)),
    path("viewing/stop/", account_views.viewing_stop, name="viewing_stop"),
    path("accounts/new/", account_views.account_new, name="account_new"),
    path("accounts/<uuid:account_id>/", include(_account)),
    path("exports/<uuid:export_id>/", include(_export)),
    path("invitations/<str:token>/", include(_open_invitation)),
]
