# SPDX-License-Identifier: GPL-3.0-or-later
"""The bill of a scene: what came from Mint is still known after every way a file can go."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene import asset_list, tags
from mint_blender.scene.export import output
from mint_blender.scene.place import place_model
from mint_blender.scene.tags import Provenance
from mint_blender.scene.update.replace import replace_model

from . import glb_fixtures

ADDRESS = "https://mint.gg/asset_1"
LAMP = Provenance(
    job_id="job_1",
    operation_id="op_1",
    asset_id="asset_1",
    prompt="a lamp",
    name="Lamp",
    preset="standard",
    mint_url=ADDRESS,
    created_at="2026-11-29T12:00:00+00:00",
    credits="798",
    sha256="0" * 64,
)
EXPECTED = {
    "object": "Lamp",
    "prompt": "a lamp",
    "kind": "model",
    "preset": "standard",
    "operation": "op_1",
    "asset": "asset_1",
    "date": LAMP.created_at,
    "credits": "798",
    "sha256": "0" * 64,
    "source": ADDRESS,
}


def only_entry() -> dict[str, str]:
    (entry,) = asset_list.of_open_file()
    return {name: value for name, value in entry.items() if name != "file"}


def placed_lamp(folder: Path) -> bpy.types.Object:
    return place_model(glb_fixtures.simple(folder / "lamp.glb"), LAMP).root


def saved(folder: Path) -> Path:
    """Save a file with the lamp, and return its path."""
    output.start_empty()
    placed_lamp(folder)
    return output.save_blend(folder / "lamp.blend")


def linked(folder: Path) -> None:
    file = saved(folder)
    output.start_empty()
    with bpy.data.libraries.load(str(file), link=True) as (there, here):
        here.objects = there.objects


def by_a_glb(folder: Path) -> None:
    output.start_empty()
    placed = place_model(glb_fixtures.simple(folder / "lamp.glb"), LAMP)
    file = output.export_glb(folder / "again.glb", placed)
    output.start_empty()
    bpy.ops.import_scene.gltf(filepath=str(file))


def by_replacement(folder: Path) -> None:
    root = placed_lamp(folder)
    replace_model(glb_fixtures.simple(folder / "earlier.glb"), replace(LAMP, credits="1"), root)
    replace_model(glb_fixtures.simple(folder / "later.glb"), LAMP, tags.root_of(root))


WAYS = {
    "linked": linked,
    "exported": by_a_glb,
    "replaced": by_replacement,
}


@pytest.mark.parametrize("way", WAYS)
def test_an_object_keeps_its_provenance(way: str, tmp_path: Path) -> None:
    """Its entry is the same after it was saved and linked, exported and replaced."""
    WAYS[way](tmp_path)
    assert only_entry() == EXPECTED
    if way == "linked":
        (entry,) = asset_list.of_open_file()
        assert entry["file"] == str(tmp_path / "lamp.blend")


def test_the_table_is_for_a_spreadsheet() -> None:
    """A prompt with commas and quotes is one cell, and none is taken for a formula."""
    entry = dict.fromkeys(asset_list.NAMES, "") | {"prompt": '=1, "two"', "object": "Lamp"}
    for delimiter in ",\t":
        text = asset_list.as_csv([entry], delimiter)
        (row,) = csv.DictReader(io.StringIO(text), delimiter=delimiter)
        assert (row["prompt"], row["object"]) == ('\'=1, "two"', "Lamp")
