from django.urls import include, path

urlpatterns = [
    path("", include("locations.people_urls")),
]
