from django.urls import path

from sessions_app.consumers import NumbersPage, OverviewPage, SessionPage
from sessions_app.links.consumers import LinkSocket

websocket_urlpatterns = [
    path("ws/sessions/<uuid:session_id>/", SessionPage.as_asgi()),
    path("ws/links/<uuid:link_id>/", LinkSocket.as_asgi()),
    path("ws/overview/", OverviewPage.as_asgi()),
    path("ws/numbers/", NumbersPage.as_asgi()),
]
