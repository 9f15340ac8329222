"""The signals of this app. They are sent after the commit, as hints to read the rows again,
unless the description says otherwise."""

from __future__ import annotations

from django.dispatch import Signal

session_wanted = Signal()
"""``session_id``: the customer wants something; the gateway should read the row."""

bundle_ready = Signal()
"""``bundle``, a ``SupportBundle`` whose file exists. Sent *within* the transaction that sets
``ready``: what a receiver writes is committed with it or not at all. An exception rolls it back,
and the bundle is built again. ``bundle.account_id`` is None for an operator's bundle;
``asked_by`` is the e-mail address of the user who requested it."""

sessions_written = Signal()
"""``changes``, a list of ``store.transitions.Written``. Sent *within* the transaction that writes
the new states: what a receiver writes is committed with them or not at all, and an exception rolls
the changes back, so receivers only write rows."""
