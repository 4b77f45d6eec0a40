# SPDX-License-Identifier: GPL-3.0-or-later
"""Two versions of a model, and things that a user may add to the earlier one. Needs bpy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import bpy

from mint_blender.scene.bounds import bounds
from mint_blender.scene.place import PlaceOptions, Provenance, place_model

FIRST = Provenance(job_id="job_1", asset_id="mdl_1", name="Lamp", prompt="a lamp")
SECOND = Provenance(job_id="job_2", asset_id="mdl_2", name="Lamp, better", prompt="a better lamp")
KEPT = "The earlier version is the hidden copy “Lamp (earlier)”."
"""The note of every replacement of a model named Lamp."""


def place_first(path: Path) -> bpy.types.Object:
    """Place the earlier version at the origin and return its root."""
    return place_model(path, FIRST, PlaceOptions(at=(0, 0, 0))).root


def only_object(root: bpy.types.Object, kind: str) -> bpy.types.Object:
    """Return the one object of that type that came from Mint."""
    (found,) = [
        each
        for each in (root, *root.children_recursive)
        if each.type == kind and each.get("mint_made")
    ]
    return found


def named_parts(root: bpy.types.Object, *names: str) -> list[bpy.types.Object]:
    """Return the children whose names contain these."""
    return [next(each for each in root.children if name in each.name) for name in names]


def new_empty(name: str) -> bpy.types.Object:
    """Add an empty of the user's."""
    made = bpy.data.objects.new(name, None)
    bpy.context.scene.collection.objects.link(made)
    return made


def add_target(owner: Any, path: str, target: Any, looked_at: str, kind: str = "OBJECT") -> Any:
    """Add a driver to `owner` that reads a property of `target`; return the driver's target."""
    index = (0,) if path == "location" else ()
    driver = owner.driver_add(path, *index).driver
    driver.type = "SUM"
    variable = driver.variables.new()
    if kind == "BONE":
        variable.type, variable.targets[0].bone_target = "TRANSFORMS", looked_at
    else:
        if kind != "OBJECT":
            variable.targets[0].id_type = kind
        variable.targets[0].data_path = looked_at
    variable.targets[0].id = target
    return variable.targets[0]


def height_of(root: bpy.types.Object) -> float:
    """Return the height of a model as it is now."""
    lowest, highest = bounds([root, *root.children_recursive])
    return round(highest[2] - lowest[2], 4)
