# SPDX-License-Identifier: GPL-3.0-or-later
"""The result of Mint that the active object belongs to, and what its panel says of it.

Which result it is, is a walk up its parents, or a look into the collection of an instance: cheap
enough for each drawing. What is below it takes a scan of all objects. So it is found when another
object becomes active, and after other changes by a timer, soon after the panel was drawn. Until
then the panel draws what was known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import bpy
from bpy.app.handlers import persistent

from .. import session, visibility

if TYPE_CHECKING:
    from ...jobs.job import Job

_FIXED = {"collider", "splats", "calibration"}
"""The parts of a World that fit each other only where they are."""
PANEL = "selection"
"""The name of the panel for `visibility`."""


class Facts(NamedTuple):
    """What was counted and measured, for the result of one root."""

    root: Any
    objects: tuple[Any, ...]
    """All objects under the root."""
    faces: int
    size: tuple[float, float, float] | None
    """Extent in scene units along the axes of the scene; None without a mesh, or of an instance."""
    job: Job | None
    """The job that made it, if it is on the list."""


class _State:
    def __init__(self) -> None:
        self.facts: Facts | None = None
        self.changes = 0
        """Grows with each change of the file."""
        self.counted = -1
        """The number of changes when the facts were found."""
        self.active: Any = None
        """The active object, to be compared only."""
        self.world = ("", 0)
        """Name and `session_uid` of the World that was used last: another may get its name."""


def _state() -> _State:
    return session.state(_State)


def root_of(obj: bpy.types.Object | None) -> bpy.types.Object | None:
    """Return the root of the result that an object belongs to, instances or stood for, or None."""
    if obj is None:
        return None
    from ...scene import tags

    stood_for: bpy.types.Object | None = obj.get("mint_model")
    return stood_for or tags.root_in_instance(obj) or tags.root_of(obj)


def model_root(obj: bpy.types.Object | None) -> bpy.types.Object | None:
    """Return the root if the result is a model, or a World that can only be changed elsewhere."""
    root = root_of(obj)
    return None if root is not None and root == world_root(obj) else root


def world_root(obj: bpy.types.Object | None) -> bpy.types.Object | None:
    """Return the root if the result is a World that is in the scene itself.

    While nothing of Mint is active, it is the World that was used last.
    """
    root = root_of(obj) or last_world()
    return root if root is not None and is_world(root) and not is_instance(obj) else None


def last_world() -> bpy.types.Object | None:
    """Return the root of the World that was used last, if it is in the scene."""
    name, uid = _state().world
    scene = getattr(bpy.context, "scene", None)
    root = scene.objects.get(name) if scene is not None else None
    return root if root is not None and root.session_uid == uid else None


def use_world(root: bpy.types.Object) -> None:
    """Remember which World was used last."""
    _state().world = root.name, root.session_uid


def is_world(root: bpy.types.Object) -> bool:
    """Return whether a root is that of a World."""
    from ...scene import tags

    return root.get(tags.WORLD_MARK) is not None


def is_selected(obj: bpy.types.Object | None) -> bool:
    """Return whether an object belongs to a result and is selected; it may be active only."""
    return obj is not None and obj.select_get() and root_of(obj) is not None


def is_instance(obj: bpy.types.Object | None) -> bool:
    """Return whether an object only shows a result, which is in a collection elsewhere."""
    from ...scene import tags

    return obj is not None and tags.root_in_instance(obj) is not None


def facts(root: bpy.types.Object) -> Facts | None:
    """Return what is known of a result; None until it was counted."""
    counted = _state().facts
    try:
        return counted if counted is not None and counted.root == root else None
    except ReferenceError:
        return None


def known_objects(root: bpy.types.Object) -> tuple[bpy.types.Object, ...] | None:
    """Return the objects under a root as they were found last; None if they are not known."""
    counted = facts(root)
    try:
        return counted.objects if counted and all(obj.name for obj in counted.objects) else None
    except ReferenceError:  # one of them was deleted
        return None


def prepare() -> bool:
    """Count and measure what is selected if anything has changed; redraw if that differs."""
    # while a window opens, the context of a timer has none
    state = _state()
    active = getattr(bpy.context, "active_object", None)
    root = root_of(active) or last_world()
    if root is not None and is_world(root) and not is_instance(active):
        use_world(root)  # it may have another name by now
    if root is None:
        state.facts = None
    elif facts(root) is None or state.counted != state.changes:
        before = state.facts
        state.counted = state.changes
        state.facts = _count(root, is_instance=is_instance(active))
        if state.facts != before:
            visibility.tag_redraw()
    return False


def forget() -> None:
    """Forget what is selected: objects do not outlive an undo or the opening of a file."""
    state = _state()
    state.facts = None
    state.active = None
    state.changes = state.changes + 1


def _count(root: bpy.types.Object, *, is_instance: bool) -> Facts:
    from ...scene import bounds
    from ..job_actions import find_job

    objects = tuple(root.children_recursive)
    meshes = [obj for obj in (root, *objects) if obj.type == "MESH"]
    return Facts(
        root,
        objects,
        sum(len(mesh.data.polygons) for mesh in meshes),
        None if is_instance else bounds.extent(meshes, root),
        find_job(str(root.get("mint_job_id", ""))) if session.existing_service() else None,
    )


@persistent
def _changed(_scene: object, depsgraph: Any = None) -> None:
    """Note a change, however small; another active object is counted at once."""
    state = _state()
    state.changes += 1
    if depsgraph is None or not _has_window():
        return
    active = depsgraph.view_layer.objects.active
    if active != state.active:
        state.active = active
        _select_whole(depsgraph.view_layer, active)
        prepare()


def _select_whole(layer: bpy.types.ViewLayer, active: bpy.types.Object | None) -> None:
    """Select the whole World of a part that was clicked: what is done to one is done to all.

    Its camera and its capture point may be selected and moved by themselves.
    """
    from ...scene import tags
    from ...scene.world import calibration, world_objects

    root = world_objects.root_of(active)
    if active is None or root is None or active.mode != "OBJECT":
        return
    use_world(root)
    is_whole = active == root or active.get(calibration.PART) in _FIXED
    if not is_whole or not active.select_get(view_layer=layer):
        return
    for obj in tags.hierarchy(root):
        is_part = obj == root or calibration.PART in obj.keys()
        if is_part and obj.visible_get(view_layer=layer):
            obj.select_set(True, view_layer=layer)
    if root.visible_get(view_layer=layer):
        layer.objects.active = root


@persistent
def _forget(*_: object) -> None:
    forget()


@persistent
def _restored(*_: object) -> None:
    """Count at once after an undo, so that the panel does not change its height twice."""
    if _has_window():
        prepare()


def _has_window() -> bool:
    """Return whether there is a panel to prepare.

    In the background no timer keeps it up to date. While a file or a window is opened, the context
    has no window, or no active object.
    """
    context = bpy.context
    is_complete = context.screen is not None and hasattr(context, "active_object")
    return is_complete and not bpy.app.background


HANDLERS = (
    (bpy.app.handlers.undo_pre, _forget),
    (bpy.app.handlers.redo_pre, _forget),
    (bpy.app.handlers.load_pre, _forget),
    (bpy.app.handlers.undo_post, _restored),
    (bpy.app.handlers.redo_post, _restored),
    (bpy.app.handlers.depsgraph_update_post, _changed),
)
