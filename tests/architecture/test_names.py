"""The names of modules, classes and tests: nouns with one meaning, and short sentences."""

from __future__ import annotations

from collections import defaultdict

from tests.architecture.measure import duplicate_classes, gerund_modules
from tests.architecture.sources import APPS, modules

# The same file name for the same job in every folder.
STANDARD = frozenset(
    [
        *("actions", "queries", "rules", "views", "forms", "api", "serializers", "admin"),
        *("receivers", "jobs", "queue", "worker", "urls", "models", "apps", "__init__"),
    ]
)
# Folders in which Django, or the class, decides the name of a module.
NAMED_ELSEWHERE = ("models", "templatetags", "management/commands")
# Other names that an app has twice, and why.
TWICE = {
    "locations/mails": "The mails of the folder, with their words: one for accounts, one for auth.",
    "notifications/retry": "The retry rule of the folder's queue: one for mails, one for webhooks.",
    "sessions_app/consumers": "Channels' own name for the views of a WebSocket.",
    "sessions_app/report": "The text that the command of the folder prints.",
}
# Class names that two modules define, and why.
SAME_CLASS = {
    "Gateway": "The service itself, and the model of the row in which it announces itself.",
}


def test_it_names_no_module_with_a_gerund() -> None:
    assert gerund_modules(modules(*APPS)) == []


def test_it_gives_each_class_name_one_meaning() -> None:
    twice = duplicate_classes(modules(*APPS))

    assert {name: places for name, places in twice.items() if name not in SAME_CLASS} == {}
    assert len(SAME_CLASS) <= 3
    assert SAME_CLASS.keys() <= twice.keys()


def test_it_names_each_module_of_an_app_differently() -> None:
    places = defaultdict(list)
    for module in modules(*APPS):
        if module.stem not in STANDARD and not module.folder.endswith(NAMED_ELSEWHERE):
            places[f"{module.app}/{module.stem}"].append(module.name)
    twice = {name: found for name, found in places.items() if len(found) > 1}

    assert {name: found for name, found in twice.items() if name not in TWICE} == {}
    assert TWICE.keys() <= twice.keys()


def test_it_names_tests_as_short_sentences() -> None:
    named = {
        f"{module.name}: {function.name}"
        for module in modules("tests")
        for function in module.functions()
        if function.name.startswith("test_") and not _is_short_sentence(function.name)
    }

    assert sorted(named) == []


def _is_short_sentence(name: str) -> bool:
    words = name.removeprefix("test_").split("_")
    return words[0] == "it" and 4 <= len(words) <= 9
