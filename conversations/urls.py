from django.urls import path

from conversations import views

urlpatterns = [
    path("", views.overview_page, name="dashboard"),
    path("sessions/<uuid:session_id>/messages/", views.messages_page, name="messages"),
]
