from collections.abc import Callable

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.http.response import HttpResponseBase
from django.urls import include, path

from config.health import healthz
from config.mail_provider import provider_urls
from notifications.mail_content.preview_views import gallery_mail, gallery_page, gallery_preview
from operations.views import alerts_page


def _operators(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Serve ``view`` to staff only; redirect others to the admin's sign-in."""
    return login_not_required(admin.site.admin_view(view))


handler400 = "locations.rest.exception_handler.bad_request"
handler500 = "locations.rest.exception_handler.server_error"
urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("api/", include("config.api_urls")),
    *provider_urls(settings.EMAIL_PROVIDER),
    path("admin/wrong/", _operators(alerts_page), name="wrong"),
    path("admin/mails/", _operators(gallery_page), name="mail_gallery"),
    path("admin/mails/<slug:name>/", _operators(gallery_mail), name="mail_sample"),
    path(
        "admin/mails/<slug:name>/preview/",
        _operators(gallery_preview),
        name="mail_preview",
    ),
    path("admin/", admin.site.urls),
    path("", include("locations.urls")),
    path("", include("sessions_app.urls")),
    path("", include("conversations.urls")),
    path("", include("notifications.urls")),
]
