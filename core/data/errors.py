"""Errors that modules with and without Django share."""

from __future__ import annotations


class DatabaseUnavailable(Exception):
    """The database cannot be reached at the moment.

    Any method of a store, sink or queue may raise it. Nothing was written: try again later.
    """
