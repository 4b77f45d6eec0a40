# SPDX-License-Identifier: GPL-3.0-or-later
"""Syncs of an asset library whose ids could name other folders: nothing outside is changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ..cli.command_runner import CommandResult, run
from ..mint.hostile_ids import DEVICES, HOSTILE_IDS
from ..mint_service.runner import ThreadService

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.mint.schema import Kind

from .asset_library_helpers import blend_names, finished_model, sync

MINT = {"library": {"models": 8}}


@pytest.fixture
def documents(tmp_path: Path) -> Iterator[list[Path]]:
    """Put a file of the user into all folders that the ids lead to, and check it at the end."""
    home = tmp_path / "home"
    places = (tmp_path, home, home / "library-sync", tmp_path / "library")
    folders = [place / "Documents" for place in places]
    for folder in folders:
        folder.mkdir(parents=True)
        (folder / "letter.txt").write_text("Dear Ada")
    yield folders
    for folder in folders:
        assert [each.name for each in folder.iterdir()] == ["letter.txt"]
        assert (folder / "letter.txt").read_text() == "Dear Ada"


def paths_to(folder: Path) -> dict[str, str]:
    """Return ids that lead to a folder, or would lead out of the folder of downloads."""
    strings = {name: id for name, id in HOSTILE_IDS.items() if isinstance(id, str)}
    more = {"parent's folder": "../Documents", "library": "../../../library/Documents"}
    return strings | more | {"absolute": str(folder)}


def sync_listed(
    service: ThreadService, home: Path, folder: Path, hostile: list[Any], *others: str
) -> CommandResult:
    """Run the command while Mint lists a file under all these ids; `others` only as models."""
    model = finished_model(service).raw
    answers = []
    for name, ids in (("models", [*hostile, *others, *hostile]), ("worlds", hostile)):
        page = {"json": {"data": [{**model, "id": id} for id in ids]}}
        answers.append({"method": "GET", "path": f"/v1/{name}", "answer": page})
    service.scenario(answers=answers)
    return run(service, home, "library", "sync", str(folder), "--json")


@pytest.mark.covers("S-names")
def test_ids_of_lists_cannot_name_a_folder(
    service: ThreadService, tmp_path: Path, documents: list[Path]
) -> None:
    """Entries with such ids are left out, and the other one is saved."""
    folder, model = tmp_path / "library", finished_model(service)
    hostile = [*HOSTILE_IDS.values(), *paths_to(documents[0]).values()]
    ran = sync_listed(service, tmp_path / "home", folder, hostile, model.id)
    assert ran.status == 0, ran.err
    *_, summary = ran.records
    assert (summary["saved"], summary["unchanged"]) == (1, 0)
    assert (summary["left"], summary["failed"]) == ([], [])
    assert blend_names(folder) == [f"{model.name} {model.id}.blend", "Documents"]
    log = (tmp_path / "home" / "mint.log").read_text()
    assert log.count("have no valid ID: left out") == len(Kind)
    assert len(ran.err) < 1000


def test_a_model_whose_id_is_a_device_is_saved(service: ThreadService, tmp_path: Path) -> None:
    """Windows has no files with these names, so neither a folder nor a file is named so."""
    folder, home = tmp_path / "library", tmp_path / "home"
    model = finished_model(service)
    found = [replace(model, id=id) for id in DEVICES]
    assert len(sync(folder, found, home, refresh=None).saved) == len(DEVICES)
    assert blend_names(folder) == sorted(f"{model.name} {id}.blend" for id in DEVICES)


@pytest.mark.covers("S-names")
def test_files_saved_under_any_id_stay_inside(
    service: ThreadService, tmp_path: Path, documents: list[Path]
) -> None:
    """Even an id that was not checked leads nowhere: what it has downloaded is removed alone."""
    folder, home, model = tmp_path / "library", tmp_path / "home", finished_model(service)
    for id in paths_to(documents[0]).values():
        outcome = sync(folder, [replace(model, id=id)], home)
        assert all(file.parent == folder for file in outcome.saved)
    assert [each.name for each in (home / "library-sync").iterdir()] == ["Documents"]
