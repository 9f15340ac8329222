"""What this app announces, always after the commit. Hints only: the rows are the truth."""

from django.dispatch import Signal

session_wanted = Signal()
"""``session_id``: the customer asked for something; the gateway should look."""

session_changed = Signal()
"""``session_id``, ``version``: the gateway wrote a new state; viewers should read again."""
