"""The admin site: its sign-in, its title, and models that it must not show."""

from allauth.account.decorators import secure_admin_login
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.unregister([Authenticator, UserSession])  # they contain secrets; users manage their own
admin.site.site_header = admin.site.site_title = "Pairline"
admin.site.index_title = "Operation"
admin.site.enable_nav_sidebar = False  # the lists need the width; breadcrumbs lead back
