# SPDX-License-Identifier: GPL-3.0-or-later
"""Results as assets: marked in the open file, or saved into an asset library."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ..harness.wine import needs_windows_itself
from . import glb_fixtures

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.files import asset_catalogs
from mint_blender.scene import assets
from mint_blender.scene.export.output_path import OutputError
from mint_blender.scene.place import Provenance, SceneImportError, place_model

from .scene_snapshot import SceneSnapshot

LAMP = Provenance(
    job_id="job_1", asset_id="mdl_1", name="Lamp", prompt="a small ceramic lamp", preset="fast"
)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Write a thumbnail as Mint serves it: a WebP, here of one color."""
    image = bpy.data.images.new("thumbnail", 32, 32)
    image.generated_color = (1, 0.5, 0, 1)
    image.file_format = "WEBP"
    image.filepath_raw = str(tmp_path / "thumbnail.webp")
    image.save()
    bpy.data.images.remove(image)
    return tmp_path / "thumbnail.webp"


def _library(tmp_path: Path) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    return folder


def test_a_model_becomes_an_asset(model: Path, picture: Path) -> None:
    """It has the prompt as description, tags, the catalog of models, and Mint's picture."""
    asset = assets.mark_as_asset(place_model(model, LAMP), LAMP, picture)
    data = asset.asset_data
    assert isinstance(asset, bpy.types.Object) and asset.name == "Lamp"
    assert data.description == "a small ceramic lamp"
    assert data.author == "Mint"
    assert {tag.name for tag in data.tags} == {"Mint", "model", "fast"}
    assert data.catalog_id == asset_catalogs.IDS["Mint/Models"]
    assert tuple(asset.preview.image_size) > (0, 0) and max(asset.preview.image_pixels_float) > 0.4


@needs_windows_itself("graphics")
def test_several_parts_are_one_asset(tmp_path: Path) -> None:
    """A model of several objects is an asset as a collection; marked again, it has each tag once."""
    page = tmp_path / "thumbnail.webp"
    page.write_text("<html>Not found</html>")
    placed = place_model(glb_fixtures.animated(tmp_path / "m.glb"), LAMP)
    for _ in range(2):
        assert assets.mark_as_asset(placed, LAMP, page) == placed.collection
        assert len(placed.collection.asset_data.tags) == 3


def test_saving_into_a_library_leaves_the_scene(model: Path, picture: Path, tmp_path: Path) -> None:
    """The library gets one .blend with one asset; the open file is unchanged."""
    bpy.ops.mesh.primitive_cube_add()
    folder, before = _library(tmp_path), SceneSnapshot()
    file = assets.save_model_to_library(model, LAMP, folder, picture)
    before.assert_same(SceneSnapshot())
    assert file.parent == folder and file.suffix == ".blend"
    with bpy.data.libraries.load(str(file), assets_only=True) as (there, here):
        assert list(there.objects) == ["Lamp"]
        here.objects = there.objects
    (lamp,) = here.objects
    assert lamp.asset_data.description == LAMP.prompt and lamp["mint_prompt"] == LAMP.prompt
    assert max(vertex.co.z for vertex in lamp.data.vertices) == pytest.approx(1)
    (image,) = [each for each in bpy.data.images if each.source == "FILE"]
    assert image.packed_file is not None
    assert tuple(lamp.preview.image_size) > (0, 0)


@needs_windows_itself("graphics")
def test_saving_again_replaces_the_same_file(model: Path, tmp_path: Path) -> None:
    """The same model saved twice is one file; another one of the same name is a second file."""
    folder, other = _library(tmp_path), Provenance(job_id="j", asset_id="mdl_2", name="Lamp")
    for each in (LAMP, LAMP, other):
        assets.save_model_to_library(model, each, folder)
    assert len(list(folder.glob("*.blend"))) == 2


def test_the_catalogs_of_the_user_stay(tmp_path: Path) -> None:
    """Existing catalogs are kept; ours is added once, or one with its path is used."""
    file = _library(tmp_path) / asset_catalogs.FILE
    uuid = asset_catalogs.catalog_for("world", file.parent)
    text = file.read_text(encoding="utf-8")
    assert "\nVERSION 1\n" in text and text.endswith(f"\n{uuid}:Mint/Worlds:Mint-Worlds\n")
    (tmp_path / "any").touch()
    assert file.stat().st_mode == (tmp_path / "any").stat().st_mode
    own = "11111111-2222-3333-4444-555555555555:Wood/Oak:Oak"
    file.write_text(f"# mine\nVERSION 1\n\n{own}\n", encoding="utf-8")
    file.chmod(0o664)
    mode = file.stat().st_mode  # Windows has other permissions
    for _ in range(2):
        asset_catalogs.catalog_for("model", file.parent)
    ours = f"{asset_catalogs.PARENT}:Mint:Mint"
    models = f"{asset_catalogs.IDS['Mint/Models']}:Mint/Models:Mint-Models"
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines == ["# mine", "VERSION 1", "", own, ours, models]
    assert file.stat().st_mode == mode
    theirs = "99999999-2222-3333-4444-555555555555"
    file.write_text(f"VERSION 1\n{theirs}:Mint/Models:Lamps\n", encoding="utf-8")
    assert asset_catalogs.catalog_for("model", file.parent) == theirs
    assert list(file.parent.iterdir()) == [file]


def test_a_bad_file_leaves_no_asset(model: Path, tmp_path: Path) -> None:
    """A file that cannot be read, or one in place of the library, changes nothing."""
    folder, before = _library(tmp_path), SceneSnapshot()
    (tmp_path / "bad.glb").write_bytes(b"glTF")
    with pytest.raises(SceneImportError):
        assets.save_model_to_library(tmp_path / "bad.glb", LAMP, folder)
    assert not list(folder.iterdir())
    with pytest.raises(OutputError, match="could not be written"):
        assets.save_model_to_library(model, LAMP, tmp_path / "bad.glb")
    before.assert_same(SceneSnapshot())


def test_libraries_come_from_the_preferences(tmp_path: Path) -> None:
    """Only libraries whose folder exists are offered."""
    folder = _library(tmp_path)
    known = bpy.context.preferences.filepaths.asset_libraries
    there = known.new(name="Mine", directory=str(folder))
    gone = known.new(name="Gone", directory=str(tmp_path / "gone"))
    try:
        assert assets.Library("Mine", folder) in assets.libraries()
        assert "Gone" not in {each.name for each in assets.libraries()}
    finally:
        known.remove(gone)
        known.remove(there)


@pytest.mark.parametrize("library", [SimpleNamespace(name="Online"), SimpleNamespace(path="")])
def test_a_library_without_a_folder_is_left_out(library: Any) -> None:
    """Imitates 5.3, where libraries are of several kinds and not every kind has a path."""
    assert assets.folder_of(library) is None
