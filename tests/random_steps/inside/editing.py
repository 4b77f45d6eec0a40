# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that change what is in the file: objects, modes, undo and redo."""

from __future__ import annotations

from random import Random
from typing import Any

import bmesh
import bpy

from . import facts, snapshot
from .context import NotNow, active, call, mode, object_mode, one_of, windows, within_view

MOST_OBJECTS = 50
MOST_VERTICES = 3000
PRIMITIVES = ("cube", "plane", "circle", "cone", "monkey")
MODES = ("EDIT",) * 5 + ("OBJECT",) * 4 + ("SCULPT", "VERTEX_PAINT", "WEIGHT_PAINT")


def add_primitive(chance: Random) -> None:
    """Add an object of the user's."""
    if len(bpy.data.objects) > MOST_OBJECTS:
        raise NotNow("many objects")
    place = tuple(chance.uniform(-5, 5) for _ in range(3))
    call(f"mesh.primitive_{chance.choice(PRIMITIVES)}_add", location=place)


def delete_selected(chance: Random) -> None:
    """Delete what is selected."""
    object_mode()
    call("object.delete")


def duplicate(chance: Random) -> None:
    """Duplicate what is selected; linked every second time."""
    object_mode()
    if len(bpy.data.objects) > MOST_OBJECTS:
        raise NotNow("many objects")
    call("object.duplicate", linked=chance.random() < 0.5)


def rename(chance: Random) -> None:
    """Rename an object, perhaps to the name of another one."""
    each = one_of(chance, list(bpy.data.objects))
    each.name = chance.choice(["Cube", "a lamp", "Wörld", "x" * 80, f"thing {chance.random()}"])
    call("ed.undo_push", message="Rename")


def select(chance: Random) -> None:
    """Select some objects, and make one of them active."""
    object_mode()
    layer = windows()[0].view_layer
    there = [each for each in layer.objects if not each.hide_get(view_layer=layer)]
    for each in there:
        each.select_set(chance.random() < 0.4, view_layer=layer)
    layer.objects.active = one_of(chance, there)
    call("ed.undo_push", message="Select")


def transform(chance: Random) -> None:
    """Move, turn or scale what is selected."""
    if mode() == "SCULPT":
        raise NotNow("Blender 4.3 crashes, also without the add-on")
    kind = chance.choice(["translate", "resize", "rotate"])
    amount = chance.uniform(0.5, 1.5)
    call(f"transform.{kind}", value=amount if kind == "rotate" else (amount, amount, 1.0))


def set_mode(chance: Random) -> None:
    """Change the mode of the active object."""
    if active() is None:
        raise NotNow("nothing active")
    wanted = chance.choice(MODES)
    if active().type != "MESH" and wanted != "OBJECT":
        raise NotNow(f"{active().type} has no mode {wanted}")
    call("object.mode_set", mode=wanted)


def edit_mesh(chance: Random) -> None:
    """Change the mesh in Edit Mode."""
    if mode() != "EDIT" or active().type != "MESH":
        raise NotNow("no mesh in Edit Mode")
    _check_size()
    call("mesh.select_all", action="SELECT")
    call(chance.choice(["mesh.subdivide", "mesh.flip_normals", "mesh.duplicate", "mesh.delete"]))


def _check_size() -> None:
    """Raise NotNow where one more repetition would make something large."""
    if len(bpy.data.objects) > MOST_OBJECTS:
        raise NotNow("many objects")
    each = active()
    if each is None or each.type != "MESH":
        return
    mesh: Any = each.data
    vertices = bmesh.from_edit_mesh(mesh).verts if each.mode == "EDIT" else mesh.vertices
    if len(vertices) > MOST_VERTICES:
        raise NotNow("a large mesh")


def join(chance: Random) -> None:
    """Join the selected objects."""
    object_mode()
    call("object.join")


def parent(chance: Random) -> None:
    """Parent the selected objects to the active one."""
    object_mode()
    call("object.parent_set", type="OBJECT", keep_transform=True)


def hide(chance: Random) -> None:
    """Hide what is selected, or show everything."""
    object_mode()
    call(chance.choice(["object.hide_view_set", "object.hide_view_clear"]))


def undo(chance: Random) -> None:
    """Undo once. Right after a result was placed, that removes the result and nothing else."""
    before, placed = snapshot.take(), snapshot.last_placed()
    call("ed.undo")
    if placed is not None and before.results[placed.job]:
        snapshot.check_undone(before, snapshot.take(), placed)


def redo(chance: Random) -> None:
    """Redo once."""
    call("ed.redo")


def undo_and_redo(chance: Random) -> None:
    """Undo and redo: everything is as before."""
    before = snapshot.take()
    if "FINISHED" in call("ed.undo") and "FINISHED" in call("ed.redo"):
        snapshot.check_same(before, snapshot.take())


def undo_history(chance: Random) -> None:
    """Go back several steps."""
    call("ed.undo_history", item=chance.randrange(4))


def adjust_last_operation(chance: Random) -> None:
    """Do what that panel does: go back before the last operator, and run it with other values."""
    _check_size()
    with within_view():
        operators = bpy.context.window_manager.operators
        place = next(
            (
                number
                for number in reversed(range(len(operators)))
                if {"REGISTER", "UNDO"} <= operators[number].bl_options
            ),
            None,
        )
        if place is None:
            raise NotNow("no last operator")
        last = operators[place]
        for name in ("size", "radius"):
            if name in last.properties.bl_rna.properties.keys():
                setattr(last.properties, name, chance.uniform(0.5, 3.0))
        before = snapshot.take()
        bpy.ops.screen.repeat_history(index=place)
        snapshot.check_adjusted(before, snapshot.take())
        # Blender alone forgets this state: after an undo, a redo leads to the one before
        bpy.ops.ed.undo_push(message="Adjust Last Operation")


def repeat_last(chance: Random) -> None:
    """Press Shift R, which repeats Place, too."""
    _check_size()
    for last in bpy.context.window_manager.operators[-1:]:
        if last.bl_idname == "MINT_OT_place":
            facts.write("place", job=last.properties.job_id)
    call("screen.repeat_last")


def purge(chance: Random) -> None:
    """Remove what nothing uses."""
    call("outliner.orphans_purge", do_recursive=True)
