"""The environment of every tier, set before pytest-django reads the settings.

Integration tests run twice: on SQLite, and (TEST_DATABASE_URL and TEST_REDIS_URL, set by
bin/test) on a real PostgreSQL with a real Redis.
"""

from __future__ import annotations

import base64
import os
import signal
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
if MEMORY.is_dir() and os.access(MEMORY, os.W_OK):
    # WhatsApp's library syncs its key files to disk at each write, thousands of times in tests.
    os.environ.setdefault("TMPDIR", str(MEMORY))

# A shell makes its background processes ignore these two signals, and the processes of tests
# would inherit that, but tests send them.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")


def own_redis(url: str) -> str:
    """Return ``url`` with a database of this worker: workers must not clear each other's cache."""
    return f"{url}?db={int(WORKER) % 16}" if url else ""


# The key also separates the workers' groups of the channel layer, which spans Redis databases.
os.environ["DJANGO_SECRET_KEY"] = f"test-only-{WORKER}-" + "x" * 50
os.environ["FIELD_ENCRYPTION_KEYS"] = base64.urlsafe_b64encode(b"k" * 32).decode()
os.environ["DJANGO_DEBUG"] = "true"
os.environ["DATA_DIR"] = tempfile.mkdtemp(prefix="pairline-test-")
os.environ["DATABASE_URL"] = os.environ.get("TEST_DATABASE_URL", "sqlite:///:memory:")
os.environ["REDIS_URL"] = own_redis(os.environ.get("TEST_REDIS_URL", ""))
os.environ["EMAIL_URL"] = "consolemail://"
os.environ.pop("WHATSAPP_SIMULATOR", None)
os.environ["WHATSAPP_SIMULATOR"] = ""
