# SPDX-License-Identifier: GPL-3.0-or-later
"""Save results as assets, without touching the scene."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import bpy

from ..files import pictures
from ..files.asset_catalogs import catalog_for
from ..files.errors import FileError
from ..message import message_of
from .animation.clips import clips_of
from .data_blocks import current_scene
from .errors import SceneImportError
from .export.output_path import OutputError, output_error, ready
from .place import PlacedResult, PlaceOptions, place_model
from .staging_scene import staging_scene
from .tags import Provenance
from .transaction import temporary_data

__all__ = [
    "Library",
    "OutputError",
    "libraries",
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
    """Return the asset libraries of the preferences whose folder exists, in their order."""
    return tuple(
        Library(library.name, folder)
        for library in bpy.context.preferences.filepaths.asset_libraries
        if (folder := folder_of(library)) is not None and folder.is_dir()
    )


def folder_of(library: bpy.types.UserAssetLibrary) -> Path | None:
    """Return the folder of an asset library; None if it has none, such as a remote one."""
    path = getattr(library, "path", "")  # from 5.3 on, a library need not have this property
    return Path(bpy.path.abspath(path)) if path else None


def mark_as_asset(
    placed: PlacedResult,
    provenance: Provenance,
    picture: Path | None = None,
    *,
    folder: Path | None = None,
) -> bpy.types.ID:
    """Mark a result as an asset with preview, description, tags and catalog; return the asset.

    A single object is the asset itself. Of several objects their collection is the asset, since an
    object asset would come without its parts.

    Args:
        placed: The result.
        provenance: Its description and kind.
        picture: The preview; without one Blender renders it.
        folder: The root of the asset library, where the catalog is written.

    Raises:
        OutputError: The catalog file cannot be written.
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


def save_model_to_library(
    path: Path,
    provenance: Provenance,
    folder: Path,
    picture: Path | None = None,
    *,
    file: Path | None = None,
) -> Path:
    """Save a GLB as an asset in a .blend of its own in a library folder; return the .blend.

    The open file does not change.

    Raises:
        SceneImportError: The model cannot be read.
        OutputError: The folder cannot be written.
    """
    return save_to_library(
        lambda scene: place_model(path, provenance, PlaceOptions(at=(0.0, 0.0, 0.0)), scene),
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
    """Place a result in a staging scene and save it as an asset; return the .blend.

    `file` is where to write it, if not into the library folder.

    Raises:
        SceneImportError: The result cannot be imported.
        OutputError: The file cannot be written.
    """
    file = ready(file or folder / f"{file_name(provenance)}.blend")
    try:
        with temporary_data(), staging_scene(units_of=current_scene()) as scene:
            placed = place(scene)
            if not keeps_pictures_of_collections():
                placed = _as_instance(placed)
            asset = mark_as_asset(placed, provenance, picture, folder=folder)
            bpy.data.libraries.write(str(file), {asset}, fake_user=True, compress=True)
    except FileError as error:
        raise SceneImportError(message_of(error)) from error
    except (OSError, RuntimeError) as error:
        raise output_error(file, error) from error
    return file


@cache
def keeps_pictures_of_collections() -> bool:
    """Return whether `bpy.data.libraries.write` keeps a collection's preview; 5.0 loses it.

    Detected by trying it once.
    """
    with (
        temporary_data(),
        tempfile.TemporaryDirectory(prefix="mint-", ignore_cleanup_errors=True) as folder,
    ):
        file = Path(folder, "probe.blend")
        probe = bpy.data.collections.new("Mint probe")
        probe.asset_mark()
        probe.preview_ensure().image_size = (8, 8)
        bpy.data.libraries.write(str(file), {probe}, fake_user=True)
        with bpy.data.libraries.load(str(file), assets_only=True) as (available, loaded):
            loaded.collections = available.collections
        return all(
            collection.preview is not None and collection.preview.image_size[0] > 0
            for collection in loaded.collections
        )


def _as_instance(placed: PlacedResult) -> PlacedResult:
    """Return the result as one collection instance, as the Asset Browser adds it to a scene.

    A character stays a collection, also without a picture: only so its clips come along.
    """
    has_clips = any(obj.type == "ARMATURE" and clips_of(obj) for obj in placed.objects)
    if placed.collection is None or len(placed.objects) == 1 or has_clips:
        return placed
    instance = bpy.data.objects.new(placed.collection.name, None)
    instance.instance_type = "COLLECTION"
    instance.instance_collection = placed.collection
    return PlacedResult(instance, None, (instance,))


def file_name(provenance: Provenance) -> str:
    """Return a name that every file system accepts.

    The asset's id distinguishes assets with the same name, and lets a rerun replace its own
    file.
    """
    title = re.sub(r"[^\w -]", "", provenance.title).strip() or "Mint"
    id = re.sub(r"[^A-Za-z0-9_-]", "", provenance.asset_id or provenance.job_id)
    return f"{title} {id}".strip()[:120]


def _is_picture(path: Path) -> bool:
    """Return whether a file is a picture; Blender's operator fails on anything else."""
    with suppress(FileError):
        return bool(pictures.inspect(path))
    return False
