"""What this app announces: after the commit, as hints (the rows are the truth), or, where it
says so, within the transaction that writes the change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.dispatch import Signal

if TYPE_CHECKING:
    pass

session_wanted = Signal()
"""``session_id``: the customer asked for something; the gateway should look."""

session_changed = Signal()
"""``session_id``, ``version``: the gateway wrote a new state; viewers should read again."""

bundle_ready = Signal()
"""``bundle``, a ``SupportBundle``: its file is there. Sent *within* the transaction that sets
``ready``: what a receiver writes is committed with it or not at all; what it raises undoes it, and
the bundle is made again. ``bundle.account_id`` is None for an operator's own; ``asked_by`` is the
e-mail address of whoever asked."""

sessions_written = Signal()
"""``changes``, a list of ``Written``: sent *within* the transaction that writes the new states.
What a receiver writes is committed with them or not at all; what it raises undoes the changes,
so it only writes rows."""
