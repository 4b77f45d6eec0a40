# SPDX-License-Identifier: GPL-3.0-or-later
"""Results in the Asset Browser: marked where they stand, or saved straight into an asset library
without touching the scene.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import bpy

from ..files import pictures
from ..files.asset_catalogs import catalog_for
from ..files.errors import FileError
from .errors import SceneImportError
from .export.output_path import OutputError, output_error, ready
from .place import PlacedResult, PlaceOptions, place_model
from .staging import staging_scene
from .tags import Provenance
from .transaction import temporary_data

__all__ = [
    "Library",
    "OutputError",
    "libraries",
    "library_of_open_file",
    "mark_as_asset",
    "save_model_to_library",
    "save_to_library",
]


@dataclass(frozen=True)
class Library:
    """An asset library of the preferences."""

    name: str
    folder: Path


def libraries() -> tuple[Library, ...]:
    """The asset libraries that the user has set up, in their order, without those on no disk of
    this machine.
    """
    known = (
        Library(each.name, Path(bpy.path.abspath(each.path)))
        for each in bpy.context.preferences.filepaths.asset_libraries
        if each.path
    )
    return tuple(each for each in known if each.folder.is_dir())


def mark_as_asset(
    placed: PlacedResult,
    provenance: Provenance,
    picture: Path | None = None,
    *,
    folder: Path | None = None,
) -> bpy.types.ID:
    """Mark what was placed as an asset: with Mint's picture, the prompt as description, tags, and a
    catalog. Returns the asset.

    One object is an asset itself; several are one by their collection, since an object asset would
    come without its parts. `folder` is the root of the library that the open file belongs to
    (`library_of_open_file`), where the catalog is entered.
    """
    asset = (
        placed.root if len(placed.objects) == 1 or placed.collection is None else placed.collection
    )
    asset.asset_mark()
    data: Any = asset.asset_data
    data.description = provenance.prompt
    data.author = "Mint"
    data.copyright = ""
    for tag in ("Mint", provenance.kind, provenance.preset):
        if tag:
            data.tags.new(tag, skip_if_exists=True)
    try:
        data.catalog_id = catalog_for(provenance.kind, folder)
    except OSError as error:
        raise output_error(folder or Path(), error) from error
    if picture is not None and _is_picture(picture):
        with bpy.context.temp_override(id=asset):
            bpy.ops.ed.lib_id_load_custom_preview(filepath=str(picture))
    else:
        asset.asset_generate_preview()
    return asset


def library_of_open_file() -> Path | None:
    """The folder whose catalogs the open file uses: its asset library's, else its own; None while
    it has never been saved.
    """
    if not bpy.data.filepath:
        return None
    file = Path(bpy.data.filepath)
    return next(
        (each.folder for each in libraries() if file.is_relative_to(each.folder)), file.parent
    )


def save_model_to_library(
    path: Path,
    provenance: Provenance,
    folder: Path,
    picture: Path | None = None,
    *,
    height: float | None = None,
    file: Path | None = None,
) -> Path:
    """Save a model's GLB as an asset in a .blend of its own in a library's folder; the open file is
    the same afterwards.

    Returns the .blend. Raises SceneImportError when the model cannot be read, OutputError when the
    folder cannot be written.
    """
    return save_to_library(
        lambda scene: place_model(
            path, provenance, PlaceOptions(at=(0.0, 0.0, 0.0), height=height), scene, undo=False
        ),
        provenance,
        folder,
        picture,
        file=file,
    )


def save_to_library(
    place: Callable[[bpy.types.Scene], PlacedResult],
    provenance: Provenance,
    folder: Path,
    picture: Path | None = None,
    *,
    file: Path | None = None,
) -> Path:
    """Let something land in a scene that exists only meanwhile, and save it as an asset.

    For Worlds as for models.

    `file` is where to write it when it is not to be in the library's folder yet.
    """
    file = ready(file or folder / f"{file_name(provenance)}.blend")
    try:
        with temporary_data(), staging_scene(units_of=bpy.context.scene) as scene:
            placed = place(scene)
            asset = mark_as_asset(
                placed if keeps_pictures_of_collections() else _as_instance(placed),
                provenance,
                picture,
                folder=folder,
            )
            bpy.data.libraries.write(str(file), {asset}, fake_user=True, compress=True)
    except FileError as error:
        raise SceneImportError(str(error)) from error
    except (OSError, RuntimeError) as error:
        raise output_error(file, error) from error
    return file


@cache
def keeps_pictures_of_collections() -> bool:
    """Does `bpy.data.libraries.write` of this Blender write a collection's picture?

    That of 5.0 forgets it. Found out by doing it once.
    """
    with temporary_data(), tempfile.TemporaryDirectory(prefix="mint-") as folder:
        file = Path(folder, "probe.blend")
        probe = bpy.data.collections.new("Mint probe")
        probe.asset_mark()
        probe.preview_ensure().image_size = (8, 8)
        bpy.data.libraries.write(str(file), {probe}, fake_user=True)
        with bpy.data.libraries.load(str(file), assets_only=True) as (available, loaded):
            loaded.collections = available.collections
        return all(
            each.preview is not None and each.preview.image_size[0] > 0
            for each in loaded.collections
        )


def _as_instance(placed: PlacedResult) -> PlacedResult:
    """The same as one object that stands for its collection: what dropping a collection from the
    Asset Browser makes, too.
    """
    if placed.collection is None or len(placed.objects) == 1:
        return placed
    stand_in = bpy.data.objects.new(placed.collection.name, None)
    stand_in.instance_type, stand_in.instance_collection = "COLLECTION", placed.collection
    return PlacedResult(stand_in, None, (stand_in,))


def file_name(provenance: Provenance) -> str:
    """A name that every file system takes; the asset's own id keeps two of one name apart and lets
    a rerun replace its own file.
    """
    title = re.sub(r"[^\w -]", "", provenance.title).strip() or "Mint"
    mine = re.sub(r"[^A-Za-z0-9_-]", "", provenance.asset_id or provenance.job_id)
    return f"{title} {mine}".strip()[:120]


def _is_picture(path: Path) -> bool:
    """Told by its bytes; anything else would make Blender's operator fail."""
    try:
        pictures.inspect(path)
    except FileError:
        return False
    return True
