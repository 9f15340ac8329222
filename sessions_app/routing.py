from django.urls import path

from sessions_app.consumers import NumbersPage, OverviewPage, SessionPage

websocket_urlpatterns = [
    path("ws/sessions/<uuid:session_id>/", SessionPage.as_asgi()),
    path("ws/overview/", OverviewPage.as_asgi()),
    path("ws/numbers/", NumbersPage.as_asgi()),
]
