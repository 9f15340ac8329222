"""The signals of this app. Both are sent within the transaction that writes the messages:
rows that a receiver writes are committed with them, and an exception rolls everything back.
"""

from django.dispatch import Signal

message_arrived = Signal()
"""``message``: a new message from another number was stored."""

messages_advanced = Signal()
"""``messages``: the outgoing messages of one session whose status advanced, as a list. One
receipt sends one signal."""
