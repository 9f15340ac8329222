"""The addresses under /api/. All of them end with a slash; every other address is a problem."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

from config.problems import nothing_here
from conversations.api import MessageList
from locations.api import LocationDetail, LocationList
from sessions_app import api

_session = [
    path("", api.SessionDetail.as_view(), name="session"),
    path("restart/", api.SessionRestart.as_view(), name="restart"),
    path("stop/", api.SessionStop.as_view(), name="stop"),
    path("unlink/", api.SessionUnlink.as_view(), name="unlink"),
    path("pairing-code/", api.SessionPairingCode.as_view(), name="pairing_code"),
    path("messages/", MessageList.as_view(), name="messages"),
]

app_name = "api"
urlpatterns = [
    path("v1/locations/", LocationList.as_view(), name="locations"),
    path("v1/locations/<uuid:location_id>/", LocationDetail.as_view(), name="location"),
    path("v1/sessions/", api.SessionList.as_view(), name="sessions"),
    path("v1/sessions/<uuid:session_id>/", include(_session)),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="api:schema"), name="docs"),
    re_path("", nothing_here),
]
