# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user has hung on objects that go away, and has let point at them, finds what is there in
their place.
"""

from __future__ import annotations

from collections.abc import Collection

import bpy


def adopt(
    root: bpy.types.Object,
    gone: Collection[bpy.types.Object],
    used: Collection[bpy.types.Object] = (),
) -> None:
    """What hangs on objects that go away hangs on the root, where it was in the world."""
    for each in [
        child for part in gone for child in part.children if child not in gone and child not in used
    ]:
        world = each.matrix_world.copy()
        each.parent, each.parent_type = root, "OBJECT"
        each.matrix_parent_inverse = root.matrix_world.inverted_safe()
        each.matrix_basis = world


def point_at(heir: bpy.types.Object, gone: bpy.types.Object) -> None:
    """Let everything that points at an object point at its heir.

    Collections first: remapped there, they keep a freed object in a cache.
    """
    for collection in list(gone.users_collection):
        collection.objects.unlink(gone)
    gone.user_remap(heir)
