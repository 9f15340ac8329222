"""The API's problem codes of sessions."""

from __future__ import annotations

from locations.rest.problems import register_code

NOT_POSSIBLE = register_code("not_possible", "The session is not in the right state")
