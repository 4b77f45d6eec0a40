# SPDX-License-Identifier: GPL-3.0-or-later
"""Show a result that has just been placed: the first one at once, and each one with a chip.

The first result of a file comes in color and fills the view; the first World is seen from inside.
That happens only if nobody has edited, selected or navigated since the last click on a button of
Mint: a view that somebody uses is never moved. Otherwise, and for later results, a chip says that
the result is here, and its button shows it. Selection, active object and mode never change.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import bpy
from bpy.app.handlers import persistent

from .. import session
from ..typed_context import scene_of
from . import views

if TYPE_CHECKING:
    from ...jobs.job import Job

FADES_AFTER = 60.0
"""Seconds after which it is no longer said that a result is here."""


@dataclass(frozen=True)
class Chip:
    """What a chip says: a result is here, and whether the view shows it by now."""

    job_id: str
    title: str
    is_shown: bool
    is_world: bool = False
    is_cube_hidden: bool = False
    """Whether the cube of the start-up scene was hidden for it."""
    is_rendered: bool = False
    """Whether a render looks through the World's own camera."""
    count: int = 1
    """How many results have come; the chip is about the newest."""
    can_restore: bool = False
    """Whether the view shows an earlier one of them."""
    has_walked: bool = False
    """Whether a walk through the World has just ended."""
    is_gone: bool = False
    """Whether it was undone while the view still shows where it was."""


@dataclass(frozen=True)
class _Click:
    """What the user had selected, and where the views were, at the last click."""

    area: int  # address of the area that was clicked in; 0 without one
    poses: dict[int, tuple[Any, ...]]
    selection: tuple[Any, ...]


@dataclass
class _State:
    click: _Click | None = None
    """None without a click, and after an edit."""
    is_left_alone: bool = False
    """Whether the views of this file stay as they are."""
    chips: list[Chip] = field(default_factory=list)
    """At most one."""
    shown: Chip | None = None
    """The result that a view shows."""
    is_walking: bool = False
    """Whether somebody walks through a World: nothing is said meanwhile."""

    def close(self) -> None:
        """Stop the timer."""
        if bpy.app.timers.is_registered(_fade):
            bpy.app.timers.unregister(_fade)


def _state() -> _State:
    return session.state(_State)


def note_click(context: bpy.types.Context) -> None:
    """Remember the views and the selection at a click on a button of Mint."""
    if bpy.app.background:
        return
    area = context.area
    _state().click = _Click(
        area.as_pointer() if area is not None else 0, _poses(), _selection(context)
    )


def free_view(scene: bpy.types.Scene) -> bpy.types.Area | None:
    """Return the view that may show the next result; None if all are to stay as they are.

    Call it before the result is placed, which is an edit, too.
    """
    state = _state()
    context = bpy.context
    click = state.click
    if bpy.app.background or state.is_left_alone or click is None or context.window is None:
        return None
    if context.scene != scene or click.selection != _selection(context):
        return None
    views_here = [area for area in context.window.screen.areas if area.type == "VIEW_3D"]
    area = next((area for area in views_here if area.as_pointer() == click.area), None)
    area = area or max(views_here, key=lambda area: area.width * area.height, default=None)
    if area is None or not _is_plain(area.spaces.active):
        return None
    space = area.spaces.active
    return area if click.poses.get(space.as_pointer()) == views.pose(space) else None


def arrived(job: Job, area: bpy.types.Area | None) -> None:
    """Say that a result is here, and show it in a view that `free_view` has returned.

    Clips that were added to a character are in its section, and what was added to a World is in its
    own.
    """
    from ...mint.schema import Kind
    from ...scene import tags

    is_part = job.kind is Kind.WORLD and job.delivery.replaces
    if bpy.app.background or is_part:
        return
    root = next(tags.roots(job_id=job.id), None)
    if job.motion and root is None:
        return
    chip = Chip(job.id, root.name if root is not None else job.title, is_shown=False)
    if area is not None and root is not None:
        views.show(area, root, scene_of(bpy.context), is_first=True)
        chip = replace(chip, is_shown=True)
        _note_shown(chip)
    _add_chip(_with_facts(chip))


def note_shown(job_id: str) -> None:
    """Note that a view shows this result by now, if it is the one that has just come."""
    for chip in _state().chips:
        if chip.job_id == job_id:
            shown = replace(chip, is_shown=True, count=1)
            _note_shown(shown)
            _state().chips = [shown]


def chips() -> list[Chip]:
    """Return the chip that says that results are here, if there is one."""
    state = _state()
    return [] if state.is_walking else state.chips


def walk(*, is_walking: bool) -> None:
    """Note that a walk through a World begins, or that it has ended."""
    _state().is_walking = is_walking


def _note_shown(chip: Chip) -> None:
    state = _state()
    state.is_left_alone = True
    state.shown = chip


def close(chip: Chip) -> None:
    """Remove a chip."""
    state = _state()
    state.chips = [other for other in state.chips if other != chip]
    if chip.is_gone:
        state.shown = None


def leave_alone() -> None:
    """Leave the views of this file as they are from now on; the chip was used, so it goes."""
    state = _state()
    state.is_left_alone = True
    state.chips = []
    state.shown = None


@persistent
def _file_opened(*_: object) -> None:
    """Begin anew: another file has other views. Those of a file with results stay as they are."""
    from ...scene import tags

    state = _state()
    state.click = state.shown = None
    state.is_left_alone = any(map(tags.is_root, bpy.data.objects))
    state.chips = []


def catch_up() -> None:
    """Let the chips say what is true of their results by now."""
    _state().chips = [_with_facts(chip) for chip in _state().chips]


def _with_facts(chip: Chip) -> Chip:
    """Return a chip with what the scene says about its result."""
    from ...scene import startup, tags
    from ...scene.world import world_objects

    root = next(tags.roots(job_id=chip.job_id), None)
    is_world = root is not None and world_objects.is_root(root)
    cameras = world_objects.parts_of(root, "camera") if root is not None and is_world else []
    return replace(
        chip,
        is_gone=root is None,
        is_world=is_world,
        is_cube_hidden=root is not None and startup.HIDDEN in root.keys() and not chip.has_walked,
        is_rendered=bpy.context.scene is not None and bpy.context.scene.camera in cameras,
    )


def _add_chip(chip: Chip) -> None:
    """Say that a result is here, and how many have come since that was last used or has faded."""
    state = _state()
    before = next((other for other in state.chips if other.job_id != chip.job_id), None)
    if before is not None:
        can_restore = before.is_shown or before.can_restore
        chip = replace(chip, count=before.count + 1, can_restore=can_restore)
    _say(chip)


def left_inside(root: bpy.types.Object) -> None:
    """Offer the way back inside, after a walk through a World has ended."""
    from ...scene import tags

    job_id = str(root.get(tags.PREFIX + "job_id", ""))
    if job_id:
        _say(_with_facts(Chip(job_id, root.name, is_shown=True, has_walked=True)))


def _say(chip: Chip) -> None:
    from . import targets

    state = _state()
    state.chips = [chip]
    targets.tag_viewports()
    state.close()
    bpy.app.timers.register(_fade, first_interval=FADES_AFTER)


def _fade() -> None:
    """Remove what was not used for a while: it covers the scene."""
    from . import targets

    _state().chips = []
    targets.tag_viewports()


def _poses() -> dict[int, tuple[Any, ...]]:
    spaces: list[Any] = [
        area.spaces.active
        for window in bpy.context.window_manager.windows
        for area in window.screen.areas
        if area.type == "VIEW_3D"
    ]
    return {space.as_pointer(): views.pose(space) for space in spaces}


def _selection(context: bpy.types.Context) -> tuple[Any, ...]:
    layer = context.view_layer
    if layer is None:
        return ()
    active = layer.objects.active
    selected = tuple(obj.name for obj in layer.objects.selected)
    return context.mode, active.name if active is not None else "", selected


def _is_plain(space: Any) -> bool:
    """Return whether a view may be moved: not one that somebody has set up for something."""
    view = space.region_3d
    return not (
        space.shading.type not in {"SOLID", "MATERIAL"}
        or view.view_perspective == "CAMERA"
        or space.local_view is not None
        or space.region_quadviews
        or space.lock_object is not None
        or space.lock_cursor
        or view.lock_rotation
    )


@persistent
def _after_change(_scene: object, depsgraph: Any = None) -> None:
    """Note that something was edited."""
    state = _state()
    changes = depsgraph.updates if state.click is not None and depsgraph is not None else ()
    if any(change.is_updated_geometry or change.is_updated_transform for change in changes):
        state.click = None


@persistent
def _undone(*_: object) -> None:
    """Remove the chips of results that are no longer there, and correct the others.

    Where a view shows one of them, it can be restored.
    """
    from ...scene import tags

    state = _state()
    state.chips = [chip for chip in state.chips if any(tags.roots(job_id=chip.job_id))]
    catch_up()
    shown = state.shown
    if shown is not None and not any(tags.roots(job_id=shown.job_id)):
        _say(_with_facts(shown))


HANDLERS = (
    (bpy.app.handlers.depsgraph_update_post, _after_change),
    (bpy.app.handlers.undo_post, _undone),
    (bpy.app.handlers.redo_post, _undone),
    (bpy.app.handlers.load_post, _file_opened),
)
