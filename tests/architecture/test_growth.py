"""What lives as long as the process must not grow with what users and strangers do.

Each empty dict, set and list that a module or an object begins with is listed here, with what
bounds it. Bound a new one (``core/data/bounded_map.py``), or find out what does, and list it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.architecture.sources import APPS, Module, modules

CONTAINER = re.compile(r"^(\w+\.)?(dict|set|list|defaultdict|OrderedDict|Counter|deque)$")
UNBOUNDED_CACHE = re.compile(r"@(functools\.)?cache\b|lru_cache\(maxsize=None\)")

REGISTRY = "filled while the process starts"
SHORT = "the object lives as long as one call, file or connection"
STARTS = "the starts of an engine, which is replaced after GATEWAY_ENGINE_MAX_STARTS"
LEASES = "the sessions that this gateway runs"
SOCKETS = "the sockets that are open"
BOUNDED_BY = {
    "config/env.py _read": REGISTRY,
    "config/server.py _tasks": REGISTRY,
    "core/background/account_slots.py _taken": "the slots that are taken",
    "core/background/fairness.py _served": "the groups that wait, at each call of order",
    "core/background/hint_layer.py channels": SOCKETS,
    "core/background/hint_layer.py groups": SOCKETS,
    "core/background/jobs.py _JOBS": REGISTRY,
    "core/background/last_answers.py _answers": "MOST_NAMES",
    "core/background/resolver.py _busy": "the look-ups in progress",
    "core/background/resolver.py _under_way": "the look-ups in progress",
    "core/background/resolver.py _waiting": "WAITING_AN_ACCOUNT",
    "core/background/worker.py _in_hand": "the worker's concurrency",
    "core/data/bounded_map.py _values": "its limit",
    "core/health/checks.py _CHECKS": REGISTRY,
    "core/health/operator_alerts.py _SOURCES": REGISTRY,
    "core/web/download_slots.py _taken": "the downloads in progress",
    "locations/accounts/export.py _pieces": "one piece of a file",
    "locations/audit.py _VERBS": REGISTRY,
    "locations/exports/contents.py _CONTENTS": REGISTRY,
    "locations/plans/entitlements.py _COUNTERS": REGISTRY,
    "locations/plans/entitlements.py _ROWS": REGISTRY,
    "locations/rest/problems.py _CODES": REGISTRY,
    "locations/rest/problems.py _MEMBERS": REGISTRY,
    "notifications/webhooks/sending/lanes.py _accounts": SHORT,
    "notifications/webhooks/sending/lanes.py _hosts": SHORT,
    "notifications/webhooks/sending/lanes.py _lanes": SHORT,
    "notifications/webhooks/sending/lanes.py _webhooks": SHORT,
    "operations/backup/archive.py entries": SHORT,
    "operations/backup/keys/placement.py _moves": SHORT,
    "operations/backup/restore_account.py _buffer": SHORT,
    "operations/backup/restore_account.py _keys": SHORT,
    "operations/backup/restore_account.py _present": SHORT,
    "operations/support_bundles/zip_archive.py truncated": SHORT,
    "sessions_app/consumers.py _joined": SHORT,
    "sessions_app/consumers.py _known": SHORT,
    "sessions_app/engine/clients.py _clients": STARTS,
    "sessions_app/engine/clients.py _logged_out": STARTS,
    "sessions_app/engine/engine_events.py _BY_NAME": REGISTRY,
    "sessions_app/engine/engine_events.py _LAYOUTS": REGISTRY,
    "sessions_app/engine/journal.py _pending": "the events that the gateway has not stored yet",
    "sessions_app/engine/keys/files.py _opened": STARTS,
    "sessions_app/engine/keys/postgres.py _migrated": "the databases of the installation",
    "sessions_app/gateway/account_turns.py _turns": "the turns in progress",
    "sessions_app/gateway/account_turns.py _users": "the turns in progress",
    "sessions_app/gateway/engine_pool.py _engines": "the engines that run",
    "sessions_app/gateway/engine_process.py _handlers": "GATEWAY_ENGINE_CAPACITY",
    "sessions_app/gateway/engine_process.py _waiting": "the commands in progress",
    "sessions_app/gateway/start_queue.py _started": "the starts of the last RESTART_SECONDS",
    "sessions_app/gateway/stored_times.py _stored": LEASES,
    "sessions_app/gateway/supervisor.py _actors": LEASES,
    "sessions_app/gateway/supervisor.py _tasks": LEASES,
    "sessions_app/live/hub.py _asking": SOCKETS,
    "sessions_app/live/hub.py _sockets": SOCKETS,
    "sessions_app/live/hub.py _versions": SOCKETS,
    "sessions_app/live/shared_reads.py _running": SOCKETS,
    "sessions_app/live/shared_reads.py _waiting": SOCKETS,
    "sessions_app/live/socket_limits.py _taken": SOCKETS,
    "sessions_app/pages/live_parts.py _RELOADS": REGISTRY,
    "sessions_app/scheduler/worker.py _alive": "the registered jobs",
    "sessions_app/store/group_commit.py _waiting": "the changes in progress",
    "sessions_app/store/tls_relay.py _relays": "the sessions that this gateway has run",
    "sessions_app/store/tls_relay.py _writers": SHORT,
}
CACHES_OF_FIXED_SIZE = {
    "core/data/redis_state.py": "the Redis servers of the installation",
    "core/text/timezones.py": "the list of all zones, without arguments",
    "locations/rest/representation.py": "the serializer classes",
    "operations/backup/row_format.py": "the models",
}


def test_it_knows_what_bounds_each_container() -> None:
    found = {f"{module.name} {name}" for module in modules(*APPS) for name in _containers(module)}

    assert len(found) > 30
    assert found - set(BOUNDED_BY) == set()
    assert set(BOUNDED_BY) - found == set(), "Remove what no longer exists"


def test_it_has_no_other_cache_without_a_size() -> None:
    found = {module.name for module in modules(*APPS) if UNBOUNDED_CACHE.search(module.text)}

    assert found == set(CACHES_OF_FIXED_SIZE)


def test_it_finds_containers_of_every_form() -> None:
    text = "A: dict[str, int] = {}\nb = defaultdict(list)\nclass C:\n"
    text += "    def __init__(self):\n        self._d = set()\n        local = []\n"
    text += "        self.e = [1]\n        self.f = dict.fromkeys('ab')\n"

    assert list(_empty_ones(ast.parse(text))) == ["A", "b", "_d"]


def _containers(module: Module) -> Iterator[str]:
    return _empty_ones(ast.parse(module.text)) if "/migrations/" not in module.name else iter(())


def _empty_ones(tree: ast.Module) -> Iterator[str]:
    """Yield the names of modules and attributes of ``self`` that begin as an empty container."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not _is_empty(node.value):
            continue
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if isinstance(target, ast.Name) and node in tree.body:
            yield target.id
        elif isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self":
            yield target.attr


def _is_empty(value: ast.expr | None) -> bool:
    match value:
        case ast.Dict(keys=[]) | ast.List(elts=[]):
            return True
        case ast.Call(func=function):
            # defaultdict and deque take arguments, but begin empty.
            return bool(CONTAINER.match(ast.unparse(function))) and not _is_filled(value)
    return False


def _is_filled(call: ast.Call) -> bool:
    filling = {"dict", "set", "list", "Counter", "OrderedDict"}
    return bool(call.args) and ast.unparse(call.func).rpartition(".")[2] in filling
