"""The gateway's transactions for tests: one for all of a process, for its threads keep their
connections as long as they live, and the pool has a dozen."""

from __future__ import annotations

from core.data.db_threads import Transactions

TRANSACTIONS = Transactions()
