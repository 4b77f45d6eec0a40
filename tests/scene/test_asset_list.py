# SPDX-License-Identifier: GPL-3.0-or-later
"""The bill of a scene: what came from Mint is still known after every way a file can go."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.scene import asset_list, tags  # noqa: E402
from mint_blender.scene.export import output  # noqa: E402
from mint_blender.scene.place import place_model  # noqa: E402
from mint_blender.scene.tags import Provenance  # noqa: E402
from mint_blender.scene.update.replace import replace_model  # noqa: E402

from . import glb_fixtures  # noqa: E402

LAMP = Provenance(
    job_id="job_1",
    operation_id="op_1",
    asset_id="asset_1",
    prompt="a lamp",
    name="Lamp",
    preset="standard",
    mint_url="https://mint.gg/asset_1",
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
    "date": "2026-11-29T12:00:00+00:00",
    "credits": "798",
    "sha256": "0" * 64,
    "source": "https://mint.gg/asset_1",
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


def by_saving(folder: Path) -> None:
    bpy.ops.wm.open_mainfile(filepath=str(saved(folder)))


def _from_other_file(folder: Path, *, link: bool) -> None:
    file = saved(folder)
    output.start_empty()
    with bpy.data.libraries.load(str(file), link=link) as (there, here):
        here.objects = there.objects


def by_appending(folder: Path) -> None:
    _from_other_file(folder, link=False)


def by_linking(folder: Path) -> None:
    _from_other_file(folder, link=True)


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


@pytest.mark.parametrize(
    "way",
    [by_saving, by_appending, by_linking, by_a_glb, by_replacement],
    ids=lambda way: way.__name__,
)
def test_an_object_keeps_its_provenance(way: Callable[[Path], None], tmp_path: Path) -> None:
    """Its entry is the same after it was saved, appended, linked, exported and replaced."""
    way(tmp_path)
    assert only_entry() == EXPECTED


def test_a_linked_object_names_its_own_file(tmp_path: Path) -> None:
    """Of several libraries, the bill says which one has it."""
    by_linking(tmp_path)
    assert [each["file"] for each in asset_list.of_open_file()] == [str(tmp_path / "lamp.blend")]


def test_the_table_is_for_a_spreadsheet() -> None:
    """A prompt with commas and quotes is one cell, and none is taken for a formula."""
    entry = dict.fromkeys(asset_list.NAMES, "") | {"prompt": '=1, "two"', "object": "Lamp"}
    for delimiter in ",\t":
        text = asset_list.as_csv([entry], delimiter)
        (row,) = csv.DictReader(io.StringIO(text), delimiter=delimiter)
        assert (row["prompt"], row["object"]) == ('\'=1, "two"', "Lamp")


def test_the_button_copies_the_table(tmp_path: Path) -> None:
    """An empty file says so; otherwise the clipboard has the table."""
    from mint_blender.ui.library_browser import operators as button

    bpy.utils.register_class(button.MINT_OT_copy_asset_list)
    try:
        output.start_empty()
        assert bpy.ops.mint.copy_asset_list() == {"CANCELLED"}
        placed_lamp(tmp_path)
        assert bpy.ops.mint.copy_asset_list() == {"FINISHED"}
    finally:
        bpy.utils.unregister_class(button.MINT_OT_copy_asset_list)
