from django.urls import include, path

from locations import key_views

urlpatterns = [
    path("", include("locations.people_urls")),
    path("settings/keys/", key_views.key_list, name="key_list"),
    path("settings/keys/new/", key_views.key_new, name="key_new"),
    path("settings/keys/<uuid:key_id>/rotate/", key_views.key_rotate, name="key_rotate"),
    path("settings/keys/<uuid:key_id>/revoke/", key_views.key_revoke, name="key_revoke"),
]
