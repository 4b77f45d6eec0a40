# SPDX-License-Identifier: GPL-3.0-or-later
"""Place a downloaded result in the scene: import it and tag it.

The entry point for panels, scripts and commands. A result is placed completely, in a collection of
its own under “Mint”, or the file does not change.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import bpy

from ..files.errors import FileError
from ..message import Message, UserError, message_of
from . import tags
from .after import floor, light
from .bounds import update_view_layers
from .data_blocks import current_scene, is_linked, is_override
from .gltf.gltf_import import SceneImportError
from .model import grid_layout
from .model.build import build_model
from .notes import note
from .prepared import PreparedResult
from .tags import Provenance
from .transaction import DataSnapshot, rollback_on_error
from .update import move
from .world import build as world_build
from .world import panorama, world_objects
from .world.files import WorldFiles, WorldOptions

__all__ = [
    "PlaceOptions",
    "PlacedResult",
    "Provenance",
    "SceneImportError",
    "find",
    "place_model",
    "place_world",
]

COLLECTION_NAME = "Mint"


@dataclass(frozen=True)
class PlaceOptions:
    """Where to place a result, and how large."""

    at: tuple[float, float, float] | None = None
    """A point on the floor in world space; None: the 3D cursor at the time of import."""
    height: float | None = None
    """Height in scene units; None: as large as it was delivered. Models only."""
    rotation: tuple[float, float, float] | None = None
    """Euler angles in radians; None: upright, facing -Y."""
    collection: str | None = None
    """The name of the collection that the result's own one goes into; None: “Mint”."""
    beside: bool = False
    """Whether a model goes to the right of what is visible there already. A World is a place, and
    goes to the right of other Worlds only."""
    original: str = ""
    """Id of the job or asset of which this is a variation: it does not overlap that."""


@dataclass(frozen=True)
class PlacedResult:
    """A placed result. Do not keep it: after an undo or a file load, call `find` again."""

    root: bpy.types.Object
    collection: bpy.types.Collection | None
    objects: tuple[bpy.types.Object, ...]
    notes: tuple[Message, ...] = ()


def place_model(
    source: Path | PreparedResult,
    provenance: Provenance,
    where: PlaceOptions = PlaceOptions(),
    scene: bpy.types.Scene | None = None,
    *,
    checked: bool = True,
) -> PlacedResult:
    """Place a model in the scene (default: the current one): a GLB, or one that was prepared.

    `checked`: as in `import_glb`.

    Raises:
        SceneImportError: The import failed; nothing has changed.
    """
    scene = scene or current_scene()
    with import_transaction(scene):
        collection = _collection(scene, provenance, where.collection)
        built = build_model(
            source,
            name=provenance.title,
            collection=collection,
            scene=scene,
            at=_location(where, scene),
            height=where.height,
            checked=checked,
        )
        _arrange(built.root, provenance, where, scene, everything=where.beside)
        _settle(built.root, scene)
    return PlacedResult(
        built.root, collection, built.objects, tuple(_hidden_notes(scene, collection))
    )


def place_world(
    source: WorldFiles | PreparedResult,
    provenance: Provenance,
    where: PlaceOptions = PlaceOptions(),
    options: WorldOptions = WorldOptions(),
    scene: bpy.types.Scene | None = None,
) -> PlacedResult:
    """Place a World in the scene (default: the current one): its files, or one that was prepared.

    Raises:
        SceneImportError: The import failed; nothing has changed.
    """
    scene = scene or current_scene()
    with import_transaction(scene):
        collection = _collection(scene, provenance, where.collection)
        root, notes = world_build.build_world(
            source,
            name=provenance.title,
            collection=collection,
            scene=scene,
            at=_location(where, scene),
            options=options,
            properties=provenance.properties(),
        )
        _arrange(root, provenance, where, scene, everything=where.beside)
    return PlacedResult(
        root, collection, tags.hierarchy(root), (*notes, *_hidden_notes(scene, collection))
    )


def find(
    *, job_id: str = "", asset_id: str = "", scene: bpy.types.Scene | None = None
) -> PlacedResult | None:
    """Return the placed result of a job or asset, or None if it is not in this scene."""
    for root in tags.roots(job_id=job_id, asset_id=asset_id, scene=scene):
        return PlacedResult(root, tags.result_collection(root), tags.hierarchy(root))
    return None


def select(placed: PlacedResult, scene: bpy.types.Scene | None = None) -> bool:
    """Select only what was placed and make its root active.

    As far as it is visible. Returns False, without a change, if nothing of it is, or if the scene
    is not the current one.
    """
    view_layer = bpy.context.view_layer
    if view_layer is None or (scene or current_scene()) != bpy.context.scene:
        return False
    view_layer.update()
    shown = [obj for obj in placed.objects if obj.visible_get(view_layer=view_layer)]
    if not shown:
        return False
    for obj in list(view_layer.objects.selected):
        obj.select_set(False, view_layer=view_layer)
    for obj in shown:
        obj.select_set(True, view_layer=view_layer)
    view_layer.objects.active = placed.root if placed.root in shown else shown[0]
    return True


@contextlib.contextmanager
def import_transaction(scene: bpy.types.Scene) -> Iterator[DataSnapshot]:
    """Roll back what was done inside after an error.

    Yields a snapshot; data-blocks that it accepts survive a rollback.

    Raises:
        SceneImportError: The scene is linked, or a file is invalid; nothing has changed.
    """
    if is_linked(scene):
        raise SceneImportError(
            "The scene “{name}” is linked from another file and cannot be changed. Switch"
            " to a scene of this file.",
            name=scene.name,
        )
    try:
        with rollback_on_error() as snapshot, panorama.restored_on_error(scene):
            yield snapshot
    except FileError as error:
        raise SceneImportError(message_of(error)) from error
    # a script may ask for world matrices right away
    update_view_layers(scene)


def _arrange(
    root: bpy.types.Object,
    provenance: Provenance,
    where: PlaceOptions,
    scene: bpy.types.Scene,
    *,
    everything: bool,
) -> None:
    """Store the provenance on a root, turn it, and move it to where it overlaps nothing."""
    tags.write(root, provenance)
    if where.rotation is not None:
        move.turn(root, where.rotation)
    grid_layout.avoid_overlap(
        root, scene, group=provenance.group, original=where.original, everything=everything
    )


def _settle(root: bpy.types.Object, scene: bpy.types.Scene) -> None:
    """Put a model that lands in a World on its floor, where it throws a shadow onto the splats."""
    if not any(map(world_objects.is_root, scene.objects)):
        return
    box = floor.land_in_world(root, scene)
    with contextlib.suppress(UserError):  # it is beside the World, or there are no splats
        light.ground_shadow(root, scene=scene, box=box)


def _location(where: PlaceOptions, scene: bpy.types.Scene) -> tuple[float, float, float]:
    x, y, z = scene.cursor.location if where.at is None else where.at
    return float(x), float(y), float(z)


def _collection(
    scene: bpy.types.Scene, provenance: Provenance, name: str | None
) -> bpy.types.Collection:
    """Return a new collection for one result, under one of that name or “Mint”, made if missing."""
    name = name or COLLECTION_NAME
    candidates = (
        child
        for child in scene.collection.children_recursive
        if re.fullmatch(rf"{re.escape(name)}(\.\d{{3,}})?", child.name)
    )
    parent = next(
        (
            candidate
            for candidate in candidates
            if not is_linked(candidate) and not is_override(candidate)
        ),
        None,
    )
    if parent is None:
        parent = bpy.data.collections.new(name)
        scene.collection.children.link(parent)
    collection = bpy.data.collections.new(provenance.title)
    collection[tags.RESULT] = True
    parent.children.link(collection)
    return collection


def _hidden_notes(scene: bpy.types.Scene, collection: bpy.types.Collection) -> list[Message]:
    """Return a note if the result cannot be seen; what the user has hidden stays hidden."""
    view_layer = bpy.context.view_layer if bpy.context.scene == scene else scene.view_layers[0]
    for layer in _layer_path(view_layer.layer_collection, collection):
        if layer.exclude or layer.hide_viewport or layer.collection.hide_viewport:
            return [note("collection_disabled", name=layer.name)]
    windows = [window for window in bpy.context.window_manager.windows if window.scene == scene]
    spaces = [area.spaces.active for window in windows for area in window.screen.areas]
    views = [space for space in spaces if isinstance(space, bpy.types.SpaceView3D)]
    if views and all(view.local_view for view in views):
        return [note("local_view")]
    return []


def _layer_path(
    layer: bpy.types.LayerCollection, collection: bpy.types.Collection
) -> list[bpy.types.LayerCollection]:
    """Return the layer collections from `layer` down to the collection; empty if not below it."""
    if layer.collection == collection:
        return [layer]
    return next(
        ([layer, *path] for child in layer.children if (path := _layer_path(child, collection))), []
    )
