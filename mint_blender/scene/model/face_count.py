# SPDX-License-Identifier: GPL-3.0-or-later
"""Count the faces of a result."""

from __future__ import annotations

import bpy

from .. import tags


def faces(root: bpy.types.Object) -> int:
    """Return the number of faces of all meshes of a result, each as often as it is used."""
    return sum(
        len(each.data.polygons)
        for each in tags.hierarchy(root)
        if isinstance(each.data, bpy.types.Mesh)
    )
