from django.urls import include, path

from locations import place_views, plan_views

urlpatterns = [
    path("", include("locations.people_urls")),
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
    path("settings/plan/", plan_views.plan_page, name="plan"),
]
