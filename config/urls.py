from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("", include("locations.urls")),
    path("", include("sessions_app.urls")),
    path("", include("conversations.urls")),
]
