from django.urls import include, path

from locations import place_views
from locations.accounts import views as viewing_views
from locations.api_keys import views as key_views
from locations.plans import views

urlpatterns = [
    path("", include("locations.auth.urls")),
    path("settings/locations/", place_views.location_list, name="location_list"),
    path("settings/locations/new/", place_views.location_new, name="location_new"),
    path(
        "settings/locations/<uuid:location_id>/",
        place_views.location_change,
        name="location_change",
    ),
    path(
        "settings/locations/<uuid:location_id>/delete/",
        place_views.location_delete,
        name="location_delete",
    ),
    path("settings/keys/", key_views.key_list, name="key_list"),
    path("settings/keys/new/", key_views.key_new, name="key_new"),
    path("settings/keys/<uuid:key_id>/secret/", key_views.key_secret, name="key_secret"),
    path("settings/keys/<uuid:key_id>/rotate/", key_views.key_rotate, name="key_rotate"),
    path("settings/keys/<uuid:key_id>/revoke/", key_views.key_revoke, name="key_revoke"),
    path("settings/plan/", views.plan_page, name="plan"),
    path("viewing/stop/", viewing_views.viewing_stop, name="viewing_stop"),
]
