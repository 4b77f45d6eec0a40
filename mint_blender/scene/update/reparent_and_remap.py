# SPDX-License-Identifier: GPL-3.0-or-later
"""Re-parent the children of objects that are removed, and remap references to them."""

from __future__ import annotations

from collections.abc import Collection

import bpy


def reparent_children(
    root: bpy.types.Object,
    old: Collection[bpy.types.Object],
    used: Collection[bpy.types.Object] = (),
) -> None:
    """Parent the user's objects below removed objects to the root, keeping world transforms."""
    for each in [
        child for part in old for child in part.children if child not in old and child not in used
    ]:
        world = each.matrix_world.copy()
        each.parent, each.parent_type = root, "OBJECT"
        each.matrix_parent_inverse = root.matrix_world.inverted_safe()
        each.matrix_basis = world


def remap_users(new: bpy.types.Object, old: bpy.types.Object) -> None:
    """Remap all references from the old object to the new one.

    Collections first: otherwise they keep a freed object in a cache.
    """
    for collection in list(old.users_collection):
        collection.objects.unlink(old)
    old.user_remap(new)
