from django.contrib import admin
from django.urls import include, path

from config.health import healthz
from config.wrong import wrong_page

handler400 = "config.problems.bad_request"
handler500 = "config.problems.server_error"
urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("api/", include("config.api_urls")),
    path("admin/wrong/", admin.site.admin_view(wrong_page), name="wrong"),
    path("admin/", admin.site.urls),
    path("", include("locations.urls")),
    path("", include("locations.team_urls")),
    path("", include("sessions_app.urls")),
    path("", include("conversations.urls")),
    path("", include("notifications.urls")),
]
