"""The API's problem codes of messages."""

from __future__ import annotations

from rest_framework import serializers

from locations.rest.problems import register_code

SESSION_NOT_READY = register_code(
    "session_not_ready",
    "The session cannot send now",
    example="The link was removed on the phone. Link the number again with a new code.",
    members={
        "reason": serializers.CharField(
            required=False, help_text="With code `session_not_ready`: the session's reason."
        )
    },
)
