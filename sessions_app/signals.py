"""What this app announces: after the commit, as hints (the rows are the truth), or, where it
says so, within the transaction that writes the change."""

from django.dispatch import Signal

session_wanted = Signal()
"""``session_id``: the customer asked for something; the gateway should look."""

session_changed = Signal()
"""``session_id``, ``version``: the gateway wrote a new state; viewers should read again."""

session_written = Signal()
"""``session``, ``moved`` (status or reason are new), ``new_code`` (another QR code waits for a
scan): sent *within* the transaction that writes the new state. What a receiver writes is
committed with it or not at all; what it raises undoes the change, so it only writes rows."""
