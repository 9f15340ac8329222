"""What this app announces, always after the commit. The rows are the truth."""

from django.dispatch import Signal

message_stored = Signal()
"""``message_id``, ``session_id``, ``direction``: a message came in, or was typed on the linked
phone itself. Sent once for each message."""

message_status_changed = Signal()
"""``message_id``, ``session_id``, ``status``: an outgoing message has come further."""
