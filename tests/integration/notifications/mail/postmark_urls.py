"""The URLs of an installation with Postmark as its provider."""

from config.mail_provider import provider_urls
from config.urls import urlpatterns as usual

handler400 = "locations.rest.exception_handler.bad_request"
handler500 = "locations.rest.exception_handler.server_error"
urlpatterns = [*provider_urls("postmark"), *usual]
