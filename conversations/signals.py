"""What this app announces: after the commit (the rows are the truth) or, where it says so,
within the transaction that writes it."""

from django.dispatch import Signal

message_stored = Signal()
"""``message_id``, ``session_id``, ``direction``: a message came in, or was typed on the linked
phone itself. Sent once for each message."""

message_status_changed = Signal()
"""``message_id``, ``session_id``, ``status``: an outgoing message has come further."""

message_arrived = Signal()
"""``message``: a new message from somebody else is written. Sent *within* that transaction: what
a receiver writes is committed with it or not at all; what it raises undoes it."""

messages_advanced = Signal()
"""``messages``: a list of outgoing messages of one session that have come further. Sent *within*
that transaction, likewise; once for all that one receipt is about."""
