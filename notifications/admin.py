"""The admin pages of this app. Django finds this module; the pages are in the folders."""

from __future__ import annotations

from django.contrib import admin

from notifications.incidents.admin import IncidentAdmin, OutageAdmin
from notifications.mail import admin as mail_admin  # noqa: F401  registers its pages
from notifications.models import Incident, Outage
from notifications.webhooks import admin as webhook_admin  # noqa: F401  registers its pages

admin.site.register(Incident, IncidentAdmin)
admin.site.register(Outage, OutageAdmin)
