from django.urls import path

from conversations import views

urlpatterns = [
    path("", views.overview_page, name="dashboard"),
    path("overview/live/", views.overview_live, name="overview_live"),
    path("sessions/<uuid:session_id>/messages/", views.messages_page, name="messages"),
]
