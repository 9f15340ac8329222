from django.urls import path

from sessions_app import views
from sessions_app.links import public_views
from sessions_app.links import views as link_views
from sessions_app.proxies import views as proxy_views
from sessions_app.support import views as support_views

urlpatterns = [
    path("numbers/", views.numbers_page, name="numbers"),
    path("numbers/live/", views.numbers_live, name="numbers_live"),
    path("numbers/restart/", views.numbers_restart, name="numbers_restart"),
    path("connect/", views.connect_page, name="connect"),
    path("links/new/", link_views.link_new, name="link_new"),
    path(
        "locations/<uuid:location_id>/links/",
        link_views.location_links,
        name="location_links",
    ),
    path("links/<uuid:link_id>/revoke/", link_views.link_revoke, name="link_revoke"),
    path("link/<str:token>/", public_views.link_page, name="link"),
    path("link/<str:token>/live/", public_views.link_live, name="link_live"),
    path("link/<str:token>/pairing/", public_views.link_pairing, name="link_pairing"),
    path("sessions/<uuid:session_id>/", views.session_page, name="session"),
    path("sessions/<uuid:session_id>/live/", views.session_live, name="session_live"),
    path("sessions/<uuid:session_id>/restart/", views.session_restart, name="session_restart"),
    path("sessions/<uuid:session_id>/stop/", views.session_stop, name="session_stop"),
    path("sessions/<uuid:session_id>/unlink/", views.session_unlink, name="session_unlink"),
    path("sessions/<uuid:session_id>/replace/", views.session_replace, name="session_replace"),
    path("sessions/<uuid:session_id>/proxy/", proxy_views.session_proxy, name="session_proxy"),
    path(
        "sessions/<uuid:session_id>/proxy/remove/",
        proxy_views.session_proxy_remove,
        name="session_proxy_remove",
    ),
    path("sessions/<uuid:session_id>/bundle/", support_views.session_bundle, name="session_bundle"),
    path("settings/support/", support_views.support_page, name="support"),
    path("bundles/<uuid:bundle_id>/", support_views.bundle_page, name="bundle"),
    path("bundles/<uuid:bundle_id>/live/", support_views.bundle_live, name="bundle_live"),
    path("bundles/<uuid:bundle_id>/file/", support_views.bundle_file, name="bundle_file"),
    path("sessions/<uuid:session_id>/name/", views.session_name, name="session_name"),
    path("sessions/<uuid:session_id>/pairing/", views.session_pairing, name="session_pairing"),
]
