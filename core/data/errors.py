"""Errors that plain code and Django code share."""

from __future__ import annotations


class StoreUnavailable(Exception):
    """The database does not answer just now. Any method of a store, sink or queue may raise it;
    what was to be written is to be written again."""
