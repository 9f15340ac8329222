"""The API's problem codes of webhooks."""

from __future__ import annotations

from locations.rest.problems import register_code

WEBHOOK_OFF = register_code("webhook_off", "The webhook is switched off")
TOO_MANY_WEBHOOKS = register_code("too_many_webhooks", "The limit of webhooks is reached")
NOT_SIGNED = register_code("not_signed", "Slack webhooks are not signed")
