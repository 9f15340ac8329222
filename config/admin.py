"""The name of the operators' pages."""

from django.contrib import admin

admin.site.site_header = admin.site.site_title = "Pairline"
admin.site.index_title = "Operation"
admin.site.enable_nav_sidebar = False  # the lists need the width; the way back is on top
