# SPDX-License-Identifier: GPL-3.0-or-later
"""Know whether the user has left the scene alone since a job was started.

Then its result is selected, as Blender's importers do. Otherwise the user works on something else,
and neither selection nor mode may change.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import bpy
from bpy.app.handlers import persistent

from ...jobs.phases import BUSY, Phase
from .. import session

if TYPE_CHECKING:
    from ...jobs.service import JobService

_EDITED: Any = {
    "OBJECT", "COLLECTION", "MESH", "CURVE", "CURVES", "META", "LATTICE", "ARMATURE",
    "GREASEPENCIL", "LIGHT", "CAMERA", "MATERIAL", "NODETREE", "WORLD",
}  # fmt: skip
"""Types of data-blocks that the user edits. A scene is also updated when nothing was edited."""

_UNFINISHED = BUSY | {Phase.REVIEW, Phase.BILLING, Phase.READY}


@dataclass(frozen=True)
class _Scene:
    """What the user would notice if it changed."""

    document: str
    scene: str
    mode: str
    active: str | None
    selected: frozenset[str]
    edits: int


@dataclass
class _State:
    edits: int = 0
    """How often a data-block of the open file was changed."""
    noted: dict[str, _Scene] = field(default_factory=dict)
    """By job id: the scene when the user last asked for its result."""
    version: tuple[int, int] | None = None
    """Which version of the list of jobs was looked at."""


def _state() -> _State:
    return session.state(_State)


def note(job_id: str) -> None:
    """Remember the scene: the user has just asked for this result."""
    _state().noted[job_id] = _now()


def is_left_alone(job_id: str) -> bool:
    """Return whether the user has selected and edited nothing since then, in Object Mode."""
    now = _now()
    return now.mode == "OBJECT" and _state().noted.get(job_id) == now


def follow(service: JobService) -> None:
    """Note each new job at the click, and forget those that are no longer on the list."""
    state, version = _state(), (id(service), service.version)
    if state.version == version:
        return
    state.version = version
    earlier, now = state.noted, _now()
    state.noted = {
        job.id: earlier.get(job.id, now)
        for job in service.jobs()
        if job.id in earlier or job.phase in _UNFINISHED
    }


def _now() -> _Scene:
    context = bpy.context
    view_layer: Any = context.view_layer
    active = view_layer.objects.active
    return _Scene(
        document=session.document_id(),
        scene=context.scene.name,
        mode=context.mode,
        active=active.name if active else None,
        selected=frozenset(each.name for each in view_layer.objects.selected),
        edits=_state().edits,
    )


@persistent
def _count_edit(_scene: object, depsgraph: Any = None) -> None:
    state = _state()
    # what happens without a job is compared with nothing
    if state.noted and (depsgraph is None or _is_edit(depsgraph)):
        state.edits += 1


def _is_edit(depsgraph: Any) -> bool:
    """Return whether something has moved or has another shape or look.

    Objects are also updated, without any of that, when a data-block is added or removed elsewhere,
    as by a picture that is loaded.
    """
    return any(depsgraph.id_type_updated(kind) for kind in _EDITED) and any(
        each.is_updated_transform
        or (each.is_updated_geometry and not isinstance(each.id, bpy.types.Collection))
        or (each.is_updated_shading and not isinstance(each.id, bpy.types.Object))
        for each in depsgraph.updates
    )


@persistent
def _count_undo(*_: object) -> None:
    _state().edits += 1


def _handlers() -> tuple[tuple[Any, Any], ...]:
    handlers: Any = bpy.app.handlers
    return (
        (handlers.depsgraph_update_post, _count_edit),
        (handlers.undo_post, _count_undo),
        (handlers.redo_post, _count_undo),
    )


def add() -> None:
    """Count edits from now on."""
    for handlers, function in _handlers():
        handlers.append(function)


def remove() -> None:
    """Stop counting."""
    for handlers, function in _handlers():
        if function in handlers:
            handlers.remove(function)
