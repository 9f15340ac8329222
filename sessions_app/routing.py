from django.urls import path

from sessions_app.consumers import DashboardPage, SessionPage

websocket_urlpatterns = [
    path("ws/sessions/<uuid:session_id>/", SessionPage.as_asgi()),
    path("ws/dashboard/", DashboardPage.as_asgi()),
]
