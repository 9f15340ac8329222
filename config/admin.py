"""The name of the operators' pages."""

from allauth.account.decorators import secure_admin_login
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.unregister([Authenticator, UserSession])  # they hold secrets; people manage their own
admin.site.site_header = admin.site.site_title = "Pairline"
admin.site.index_title = "Operation"
admin.site.enable_nav_sidebar = False  # the lists need the width; the way back is on top
