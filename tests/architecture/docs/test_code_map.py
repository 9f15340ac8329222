"""The README's map of the code names every folder that holds code, and only those."""

from __future__ import annotations

import re

from tests.architecture.docs.references import FOLDERS
from tests.architecture.sources import APPS, PROJECT, folders_of

# Django decides the names and the content of these.
OF_DJANGO = re.compile(r"/(management|templatetags|formats)(/|$)")
ROW = re.compile(r"^\| `([\w/]+)/` \| (\S.*) \|$", re.MULTILINE)


def _mapped() -> list[str]:
    text = (PROJECT / "README.md").read_text()
    return [folder for folder, _ in ROW.findall(text)]


def test_it_names_every_folder_once() -> None:
    folders = [folder for folder in folders_of(*APPS, "simulator") if not OF_DJANGO.search(folder)]

    assert sorted(set(folders) - set(_mapped())) == []
    assert len(_mapped()) == len(set(_mapped()))


def test_it_names_every_top_folder() -> None:
    assert sorted(set(FOLDERS) - {folder.split("/")[0] for folder in _mapped()}) == []


def test_it_names_only_folders_that_exist() -> None:
    assert [folder for folder in _mapped() if not (PROJECT / folder).is_dir()] == []
