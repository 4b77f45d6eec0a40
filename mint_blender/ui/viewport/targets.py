# SPDX-License-Identifier: GPL-3.0-or-later
"""Show where results will be: a box in the 3D Viewport with the Preview, and what its chip says.

What is drawn is prepared when jobs change. The draw handler exists only while there is a box, and
the viewport is drawn again only when one has changed visibly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import bpy
import gpu
from mathutils import Euler, Matrix, Vector

from ...jobs.phases import BUSY, Phase, Verb
from ...jobs.presentation.job_view import JobView
from ...mint.schema import Kind
from ...scene import startup
from ...scene.model import grid_layout
from ...scene.model.grid_layout import Footprint
from ...scene.update import move
from ...scene.update.move import Placing
from .. import icons, session
from ..drawing import draw_lines, draw_texture, texture_of
from ..job_list import placed_results
from ..review import card_state
from ..typed_context import all_areas, ui_scale
from . import views

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ...jobs.job import Job
    from ...jobs.service import JobService

MOST = 20
"""Most boxes: as many as jobs run at Mint at once."""
STEPS = 20
"""How finely the progress is shown: each step draws the viewport again."""
_SIZES = {Kind.MODEL: (1.0, 1.0, 1.0), Kind.WORLD: (4.0, 4.0, 2.5)}
"""Expected size in meters: the real one is known only when the result is here."""
_SHOWN = BUSY | {Phase.REVIEW, Phase.BILLING, Phase.READY}


@dataclass(frozen=True)
class Target:
    """The box of a result that is not here yet, and what its chip says.

    Attributes:
        job_id: The job.
        phase: What the job is doing.
        scene: The name of the scene that the result will come to.
        corners: Those of the box, in world space, as `corners` returns them.
        title: The title of the job.
        state: What it is doing, or how long that takes.
        fraction: The progress from 0 to 1; None if it is unknown.
        picture: The newest Preview; None before it is here.
        preview: The number of that Preview, if it can be approved; else 0.
        credits: What approving it costs; None if it cannot be, or if that is unknown.
    """

    job_id: str
    phase: Phase
    scene: str
    corners: tuple[Vector, ...]
    title: str
    state: str
    fraction: float | None
    picture: Picture | None
    preview: int = 0
    credits: float | None = None

    @property
    def above(self) -> Vector:
        """The middle of the top of the box."""
        top: Vector = sum(self.corners[4:], Vector()) / 4
        return top


@dataclass
class _State:
    targets: tuple[Target, ...] = ()
    jobs: tuple[Job, ...] = ()
    """The jobs with a box, the oldest first."""
    contents: object = None
    """What was in the file when the places were last found to be free."""
    spaces: dict[str, Footprint] = field(default_factory=dict)
    """By job id."""
    held: tuple[str, ...] = ()
    """The ids of the jobs whose chips keep their places, in their order; some may have gone."""
    pictures: dict[str, Picture] = field(default_factory=dict)
    """By path."""
    handler: Any = None

    def close(self) -> None:
        """Remove the draw handler: the add-on is being disabled."""
        if self.handler is not None:
            bpy.types.SpaceView3D.draw_handler_remove(self.handler, "WINDOW")
        self.handler = None


def _state() -> _State:
    return session.state(_State)


def targets(scene: bpy.types.Scene | None) -> list[Target]:
    """Return the boxes in a scene, as they were prepared, the oldest first."""
    name = scene.name if scene is not None else ""
    return [target for target in _state().targets if target.scene == name]


def places(scene: bpy.types.Scene | None) -> list[Target | None]:
    """Return what each place in the stack of chips has, from the top; None: it has gone."""
    here = {target.job_id: target for target in targets(scene)}
    kept = [here.pop(job_id, None) for job_id in _state().held]
    return [*kept, *here.values()]


def hold(scene: bpy.types.Scene | None, *, is_held: bool) -> None:
    """Keep the chips in their places from now on, or let them move up."""
    state = _state()
    if is_held and not state.held:
        state.held = tuple(target.job_id for target in targets(scene))
    elif state.held and not is_held:
        state.held = ()
        tag_viewports()


def follow(service: JobService) -> None:
    """Prepare the boxes of the jobs whose results will be placed in the open file."""
    if bpy.app.background:
        return
    state = _state()
    contents = placed_results.contents()
    documents = session.document_ids()
    if session.is_outdated(_State, service.version, documents, contents):
        _choose(state, service, contents)
    targets = tuple(_target(state, service, job) for job in state.jobs)
    if targets != state.targets:
        state.targets = targets
        new = [target.job_id for target in targets if target.job_id not in state.held]
        state.held = (*state.held, *new) if state.held and targets else ()
        _switch_handler(state)
        tag_viewports()


def file_opened() -> None:
    """Remove the boxes of the file that was open before; those of this one follow in a moment."""
    service = session.existing_service()
    if service is not None:
        follow(service)


def _choose(state: _State, service: JobService, contents: object) -> None:
    """Choose the jobs with a box, and find a place for each new one.

    A box moves only if something has come to its place; to find out, all objects are looked at.
    There is none before the file was scanned: nothing in it has its place yet.
    """
    has_come = contents != state.contents
    state.contents = contents
    jobs = reversed(service.jobs()) if placed_results.is_scanned() else ()
    state.jobs = tuple(islice(filter(_has_target, jobs), MOST))
    state.spaces = {job.id: state.spaces[job.id] for job in state.jobs if job.id in state.spaces}
    for job in state.jobs:  # the oldest first, as they will be placed
        if job.id not in state.spaces or (has_come and not _is_free(job, state.spaces[job.id])):
            state.spaces[job.id] = _space(job, _others(state, job))
    pictures = {path for job in state.jobs if (path := JobView(job).picture)}
    state.pictures = {path: picture for path, picture in state.pictures.items() if path in pictures}


def _has_target(job: Job) -> bool:
    """Return whether a result will be placed by itself, where nothing of it is yet."""
    delivery = job.delivery
    return (
        job.phase in _SHOWN
        and delivery.at is not None
        and not (job.convert or delivery.files or delivery.replaces)
        and job.hold is None
        and (job.phase is not Phase.READY or job.problem is None)
        and placed_results.is_document_open(job)
    )


def _others(state: _State, job: Job) -> list[Footprint]:
    """Return the boxes of the same kind, which a new one keeps clear of, as the results will."""
    scene = placed_results.scene_of(job)
    return [
        state.spaces[other.id]
        for other in state.jobs
        if other.id != job.id
        and other.kind is job.kind
        and other.id in state.spaces
        and placed_results.scene_of(other) == scene
    ]


def _space(job: Job, others: list[Footprint]) -> Footprint:
    """Return the box that a result is expected to fill, beside what is there already."""
    scene = placed_results.scene_of(job)
    width, depth, height = _expected_size(job, scene)
    assert job.delivery.at is not None
    x, y, z = job.delivery.at
    own = Footprint(x - width / 2, x + width / 2, y - depth / 2, y + depth / 2, z, z + height)
    if _is_exact(job):
        return own
    others = [*_in_the_way(job, own, scene), *others]
    if job.kind is Kind.WORLD:
        return own.shifted(grid_layout.free_shift(own.raised(), others))
    return own.shifted(*grid_layout.clear_shift(own.raised(), others, scene))


def _is_exact(job: Job) -> bool:
    """Return whether a result stands exactly where the user has put it, or in a block-out."""
    return job.delivery.rotation is not None


def _is_free(job: Job, space: Footprint) -> bool:
    """Return whether nothing in the scene is in the way of a result."""
    if _is_exact(job):
        return True
    there = _in_the_way(job, space, placed_results.scene_of(job))
    return not any(map(space.raised().touches, there))


def _in_the_way(job: Job, space: Footprint, scene: bpy.types.Scene) -> list[Footprint]:
    """Return what a result has to keep clear of: not the cube whose place it takes."""
    if job.kind is Kind.WORLD:
        return grid_layout.worlds(scene)
    cube = startup.cube(scene)
    return grid_layout.around(space, scene, without=[cube] if cube else ())


def _expected_size(job: Job, scene: bpy.types.Scene) -> tuple[float, float, float]:
    """Return width, depth and height in scene units."""
    if job.delivery.size is not None:
        return job.delivery.size
    unit = scene.unit_settings.scale_length or 1.0
    width, depth, height = (size / unit for size in _SIZES[job.kind])
    wanted = job.delivery.height
    ratio = 1.0 if wanted is None else wanted / height
    return width * ratio, depth * ratio, height * ratio


def expected(job: Job, scene: bpy.types.Scene) -> Placing:
    """Return the box that a result is expected to fill, for placing it with the mouse."""
    width, depth, height = _expected_size(job, scene)
    return move.expected(
        (-width / 2, -depth / 2, 0.0),
        (width / 2, depth / 2, height),
        is_place=job.kind is Kind.WORLD,
    )


def _target(state: _State, service: JobService, job: Job) -> Target:
    from ..job_list.panel import state_of

    view = placed_results.view_of(service, job)
    words, share = state_of(service, view)
    preview = card_state.newest(job) if card_state.is_undecided(job) else 0
    return Target(
        job_id=job.id,
        phase=job.phase if job.decision is None else Phase.WORKING,
        scene=placed_results.scene_of(job).name,
        corners=_corners(job, state.spaces[job.id]),
        title=job.title,
        state=words,
        fraction=None if share is None else int(share * STEPS) / STEPS,
        picture=_picture(state, view.picture),
        preview=preview,
        credits=service.budget.of_review(job)[Verb.APPROVE] if preview else None,
    )


def _corners(job: Job, space: Footprint) -> tuple[Vector, ...]:
    """Return the corners of the box of a result, which may be turned by the mouse."""
    center = space.center
    foot = Vector((*space.center.xy, space.bottom))
    half = Vector((space.right, space.back, space.top)) - center
    turn = Euler(job.delivery.rotation or (0.0, 0.0, 0.0))
    low = (-half.x, -half.y, 0.0)
    high = (half.x, half.y, 2 * half.z)
    return tuple(corners(low, high, Matrix.LocRotScale(foot, turn, None)))


def _picture(state: _State, path: str | None) -> Picture | None:
    """Return the newest Preview of a job, decoded once; None before it is here."""
    if path is not None and path not in state.pictures:
        decoded = icons.cache().pixels("jobs", path)
        if decoded is not None:
            state.pictures[path] = Picture(*decoded)
    return state.pictures.get(path) if path is not None else None


def _switch_handler(state: _State) -> None:
    """Have the boxes drawn while there are any."""
    if not state.targets:
        state.close()
    elif state.handler is None:
        add = bpy.types.SpaceView3D.draw_handler_add
        state.handler = add(draw_boxes, (), "WINDOW", "POST_VIEW")


def tag_viewports() -> None:
    """Have all 3D Viewports drawn again."""
    for area in all_areas():
        if area.type == "VIEW_3D":
            for region in area.regions:
                if region.type == "WINDOW":
                    region.tag_redraw()


def draw_boxes() -> None:
    """Draw the boxes with their Previews; none in a viewport whose overlays the user has hidden."""
    context: Any = bpy.context
    space = context.space_data
    if not (space.overlay.show_overlays or views.has_hidden_overlays(space)):
        return
    for target in targets(context.scene):
        draw_box(target.corners, line_color(context))
        if target.picture is not None:
            low, right, top = (target.corners[index] for index in (0, 1, 4))
            center = sum(target.corners, Vector()) / 8
            size = 0.8 * min((right - low).length, (top - low).length)
            size = min(size, _LARGEST * ui_scale() * _pixel(center, context))
            draw_picture(target.picture, center, size, context.region_data)
    gpu.state.blend_set("NONE")


def _pixel(center: Vector, context: Any) -> float:
    """Return how long a pixel is at a place in world space; 0 behind the view."""
    projected = context.region_data.perspective_matrix @ center.to_4d()
    scale = context.region_data.window_matrix[0][0] * context.region.width / 2
    return max(0.0, projected.w) / scale


LINE_WIDTH = 1.5

_LARGEST = 128.0
"""Pixels of the longer side of a Preview in its box, which may be between a result and the view."""

Color = tuple[float, float, float, float]

# the bits of a corner's index say on which side of each axis it is
_EDGES = [(one, one | bit) for one in range(8) for bit in (1, 2, 4) if not one & bit]


class Picture:
    """A decoded picture, whose texture is made when it is first drawn: only then may it be."""

    def __init__(self, width: int, height: int, pixels: NDArray[np.float32]) -> None:
        self.width = width
        self.height = height
        self._pixels = pixels

    @cached_property
    def texture(self) -> Any:
        """The texture on the graphics card."""
        return texture_of(self.width, self.height, self._pixels)


def corners(low: Sequence[float], high: Sequence[float], matrix: Matrix) -> list[Vector]:
    """Return the eight corners of a box in world space, given in the space of `matrix`."""
    return [
        matrix @ Vector([(low, high)[index >> axis & 1][axis] for axis in range(3)])
        for index in range(8)
    ]


def draw_box(points: Sequence[Vector], color: Color) -> None:
    """Draw the edges of a box with these corners, in the order of `corners`."""
    lines = [points[corner] for edge in _EDGES for corner in edge]
    draw_lines(lines, color, LINE_WIDTH * ui_scale())


def draw_front(points: Sequence[Vector], color: Color) -> None:
    """Draw an arrow on the floor that points to where the front of a box (-Y) faces."""
    left = points[0]
    right = points[1]
    back = (points[2] + points[3]) / 2
    middle = (left + right) / 2
    tip = middle + (middle - back) * 0.3
    ends = (middle + (side - middle) * 0.4 for side in (left, right))
    draw_lines([point for end in ends for point in (end, tip)], color, LINE_WIDTH * ui_scale())


def draw_picture(picture: Picture, center: Vector, size: float, region: Any) -> None:
    """Draw a picture that faces the view, in front of all else.

    Its longer side is `size` long in world space.
    """
    view = region.view_matrix.inverted_safe().to_3x3()
    longer = max(picture.width, picture.height)
    right = view.col[0] * (size * picture.width / longer / 2)
    up = view.col[1] * (size * picture.height / longer / 2)
    corners = (
        center - right - up,
        center + right - up,
        center + right + up,
        center - right + up,
    )
    draw_texture(picture.texture, corners)


def line_color(context: bpy.types.Context) -> Color:
    """Return a color for boxes that is not that of the selection, but seen on any background."""
    red, green, blue = context.preferences.themes[0].view_3d.space.text_hi
    return red, green, blue, 0.6


def active_color(context: bpy.types.Context) -> Color:
    """Return the theme's color of the active object."""
    red, green, blue = context.preferences.themes[0].view_3d.object_active
    return red, green, blue, 1.0
