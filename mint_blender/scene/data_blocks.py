# SPDX-License-Identifier: GPL-3.0-or-later
"""List the data-blocks of the open file, and what a running Blender always has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import bpy


def all_data_blocks() -> Iterator[bpy.types.ID]:
    """Yield every data-block of every type once.

    The types differ between versions, so they are read from `bpy.data` itself.
    """
    seen: set[int] = set()  # newer versions list everything a second time, as all kinds together
    for prop in bpy.data.bl_rna.properties:
        if prop.type == "COLLECTION":
            for block in getattr(bpy.data, prop.identifier):
                if block.as_pointer() not in seen:
                    seen.add(block.as_pointer())
                    yield block


def data_blocks_of_kind(block: bpy.types.ID) -> Iterable[bpy.types.ID]:
    """Return all data-blocks of the same type as this one."""
    collections = (
        getattr(bpy.data, prop.identifier)
        for prop in bpy.data.bl_rna.properties
        if prop.type == "COLLECTION"
    )
    return next(
        (collection for collection in collections if collection.get(block.name_full) == block), ()
    )


def is_linked(block: bpy.types.ID | None) -> bool:
    """Return whether a data-block is in another file; False for None."""
    # the stubs say that every data-block has a library
    library: bpy.types.Library | None = block.library if block is not None else None
    return library is not None


def is_override(block: bpy.types.ID) -> bool:
    """Return whether a data-block is a library override: local changes to a linked one."""
    override: bpy.types.IDOverrideLibrary | None = block.override_library
    return override is not None


def current_scene() -> bpy.types.Scene:
    """Return the scene of the context.

    Blender always has one, but the stubs allow None.
    """
    scene = bpy.context.scene
    assert scene is not None
    return scene


def hide(objects: Iterable[bpy.types.Object], *, is_hidden: bool) -> None:
    """Hide objects in all view layers and in renders, or show them again."""
    for obj in objects:
        obj.hide_render = is_hidden
        for scene in obj.users_scene:
            for layer in scene.view_layers:
                if obj.name in layer.objects:
                    obj.hide_set(is_hidden, view_layer=layer)


def reparent_children(
    root: bpy.types.Object,
    old: Collection[bpy.types.Object],
    used: Collection[bpy.types.Object] = (),
) -> None:
    """Parent the user's objects below removed objects to the root, keeping world transforms."""
    for child in [
        child for part in old for child in part.children if child not in old and child not in used
    ]:
        world = child.matrix_world.copy()
        child.parent = root
        child.parent_type = "OBJECT"
        child.matrix_parent_inverse = root.matrix_world.inverted_safe()
        child.matrix_basis = world


def remap_users(new: bpy.types.Object, old: bpy.types.Object) -> None:
    """Remap all references from the old object to the new one.

    Collections first: otherwise they keep a freed object in a cache.
    """
    for collection in list(old.users_collection):
        collection.objects.unlink(old)
    old.user_remap(new)
