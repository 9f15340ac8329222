"""Import the admin pages of each folder: Django imports this module only."""

from __future__ import annotations

import notifications.incidents.admin
import notifications.mail.admin
import notifications.webhooks.admin  # noqa: F401
