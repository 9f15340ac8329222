"""The URLs under /api/. All of them end with a slash; every other URL returns a problem."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from conversations.api import MessageList
from locations.api import LocationDetail, LocationList
from locations.rest.exception_handler import nothing_here
from notifications.webhooks import delivery_api
from notifications.webhooks.api import WebhookDetail, WebhookList, WebhookRotate
from sessions_app import api
from sessions_app.proxies.api import SessionProxy

_session = [
    path("", api.SessionDetail.as_view(), name="session"),
    path("restart/", api.SessionRestart.as_view(), name="restart"),
    path("stop/", api.SessionStop.as_view(), name="stop"),
    path("unlink/", api.SessionUnlink.as_view(), name="unlink"),
    path("pairing-code/", api.SessionPairingCode.as_view(), name="pairing_code"),
    path("proxy/", SessionProxy.as_view(), name="proxy"),
    path("messages/", MessageList.as_view(), name="messages"),
]
_webhook = [
    path("", WebhookDetail.as_view(), name="webhook"),
    path("rotate/", WebhookRotate.as_view(), name="webhook_rotate"),
    path("test/", delivery_api.WebhookTest.as_view(), name="webhook_test"),
    path("replay/", delivery_api.WebhookReplay.as_view(), name="webhook_replay"),
    path("deliveries/", delivery_api.DeliveryList.as_view(), name="webhook_deliveries"),
]
# The split view serves its script from a URL: our security policy forbids inline scripts.
_docs = SpectacularSwaggerSplitView.as_view(
    url_name="api:schema", template_name="locations/rest/docs.html"
)

app_name = "api"
urlpatterns = [
    path("v1/locations/", LocationList.as_view(), name="locations"),
    path("v1/locations/<uuid:location_id>/", LocationDetail.as_view(), name="location"),
    path("v1/sessions/", api.SessionList.as_view(), name="sessions"),
    path("v1/sessions/<uuid:session_id>/", include(_session)),
    path("v1/webhooks/", WebhookList.as_view(), name="webhooks"),
    path("v1/webhooks/<uuid:webhook_id>/", include(_webhook)),
    path(
        "v1/webhooks/deliveries/<uuid:delivery_id>/replay/",
        delivery_api.DeliveryReplay.as_view(),
        name="webhook_delivery_replay",
    ),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", _docs, name="docs"),
    re_path("", nothing_here),
]
