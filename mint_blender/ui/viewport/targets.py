# SPDX-License-Identifier: GPL-3.0-or-later
"""Show where results will be: a box in the 3D Viewport, with the Preview and the progress.

What is drawn is prepared when jobs change. The draw handlers exist only while there is a box, and
the viewport is drawn again only when one has changed visibly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import blf
import bpy
import gpu
from bpy_extras import view3d_utils
from gpu_extras.batch import batch_for_shader
from mathutils import Matrix, Vector

from ...addon_settings import shows_targets
from ...jobs.phases import BUSY, Phase
from ...jobs.presentation.job_view import JobView
from ...mint.schema import Kind
from ...scene.model import grid_layout, occupied_space
from ...scene.model.occupied_space import Footprint
from ...scene.update import move
from ...scene.update.move import Placing
from .. import icons, session
from ..job_list import job_documents, placed_results
from ..translations import translated
from ..typed_context import all_areas, ui_scale

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    """The box of a result that is not here yet."""

    scene: str
    space: Footprint
    title: str
    state: str
    fraction: float | None
    picture: Picture | None


@dataclass
class _State:
    targets: tuple[Target, ...] = ()
    jobs: tuple[Job, ...] = ()
    """The jobs with a box."""
    version: tuple[Any, ...] | None = None
    """Which version of the list of jobs these are from."""
    contents: object = None
    """What was in the file when the places were last found to be free."""
    spaces: dict[str, Footprint] = field(default_factory=dict)
    """By job id."""
    pictures: dict[str, Picture] = field(default_factory=dict)
    """By path."""
    handlers: list[Any] = field(default_factory=list)

    def close(self) -> None:
        """Remove the draw handlers: the add-on is being disabled."""
        while self.handlers:
            bpy.types.SpaceView3D.draw_handler_remove(self.handlers.pop(), "WINDOW")


def _state() -> _State:
    return session.state(_State)


def targets() -> tuple[Target, ...]:
    """Return the boxes that are shown, as they were prepared."""
    return _state().targets


def follow(service: JobService) -> None:
    """Prepare the boxes of the jobs whose results will be placed in the open file."""
    if bpy.app.background:
        return
    state = _state()
    wanted = shows_targets()
    contents = placed_results.contents()
    version = (id(service), service.version, session.document_ids(), wanted, contents)
    if state.version != version:
        state.version = version
        _choose(state, service if wanted else None, contents)
    found = tuple(_target(state, service, job) for job in state.jobs)
    if found != state.targets:
        state.targets = found
        _switch_handlers(state)
        tag_viewports()


def file_opened() -> None:
    """Remove the boxes of the file that was open before."""
    service = session.existing_service()
    if service is not None:
        follow(service)


def _choose(state: _State, service: JobService | None, contents: object) -> None:
    """Choose the jobs with a box, and find a place for each new one.

    A box moves only if something has come to its place; to find out, all objects are looked at.
    """
    has_come, state.contents = contents != state.contents, contents
    jobs = () if service is None else tuple(job for job in service.jobs() if _has_target(job))
    state.jobs = jobs[:MOST]
    state.spaces = {job.id: state.spaces[job.id] for job in state.jobs if job.id in state.spaces}
    for job in reversed(state.jobs):  # the oldest first, as they will be placed
        if job.id not in state.spaces or (has_come and not _is_free(job, state.spaces[job.id])):
            others = [space for name, space in state.spaces.items() if name != job.id]
            state.spaces[job.id] = _space(job, others)
    pictures = {path for job in state.jobs if (path := JobView(job).picture)}
    state.pictures = {path: each for path, each in state.pictures.items() if path in pictures}


def _has_target(job: Job) -> bool:
    """Return whether a result will be placed by itself, where nothing of it is yet."""
    delivery = job.delivery
    return (
        job.phase in _SHOWN
        and delivery.at is not None
        and not (job.convert or delivery.output or delivery.render or delivery.replaces)
        and job.hold is None
        and (job.phase is not Phase.READY or job.problem is None)
        and placed_results.is_document_open(job)
    )


def _space(job: Job, others: list[Footprint]) -> Footprint:
    """Return the box that a result is expected to fill, beside what is there already."""
    scene = placed_results.scene_of(job)
    width, depth, height = _expected_size(job, scene)
    assert job.delivery.at is not None
    x, y, z = job.delivery.at
    own = Footprint(x - width / 2, x + width / 2, y - depth / 2, y + depth / 2, z, z + height)
    if job.kind is Kind.WORLD:
        return own
    there = occupied_space.around(own, scene)
    return own.shifted(grid_layout.free_shift(own.raised(), [*there, *others]))


def _is_free(job: Job, space: Footprint) -> bool:
    """Return whether nothing in the scene is in the way of a result; never of a World."""
    there = occupied_space.around(space, placed_results.scene_of(job))
    return job.kind is Kind.WORLD or not any(map(space.raised().touches, there))


def _expected_size(job: Job, scene: bpy.types.Scene) -> tuple[float, float, float]:
    """Return width, depth and height in scene units."""
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
    view = job_documents.view_of(service, job)  # as on its card
    return Target(
        scene=placed_results.scene_of(job).name,
        space=state.spaces[job.id],
        title=translated(job.title),
        state=translated(view.short_state),
        fraction=_fraction(service, job),
        picture=_picture(state, view.picture),
    )


def _fraction(service: JobService, job: Job) -> float | None:
    """Return the progress of a job in steps, from 0 to 1; None if it is unknown."""
    if not service.is_active(job.id):
        return None
    loading = service.progress.get(job.id)
    if loading is not None and loading.total:
        fraction: float | None = loading.done / loading.total
    else:
        fraction = service.outlook(job).fraction if job.phase is Phase.WORKING else None
    return None if fraction is None else int(min(1.0, fraction) * STEPS) / STEPS


def _picture(state: _State, path: str | None) -> Picture | None:
    """Return the newest Preview of a job, decoded once; None before it is here."""
    if path is not None and path not in state.pictures:
        decoded = icons.pixels_of_file(path)
        if decoded is not None:
            state.pictures[path] = Picture(*decoded)
    return state.pictures.get(path) if path is not None else None


def _switch_handlers(state: _State) -> None:
    """Have the boxes drawn while there are any."""
    if not state.targets:
        state.close()
    elif not state.handlers:
        add = bpy.types.SpaceView3D.draw_handler_add
        state.handlers = [
            add(draw_boxes, (), "WINDOW", "POST_VIEW"),
            add(draw_captions, (), "WINDOW", "POST_PIXEL"),
        ]


def tag_viewports() -> None:
    """Have all 3D Viewports drawn again."""
    for area in all_areas():
        if area.type == "VIEW_3D":
            for region in area.regions:
                if region.type == "WINDOW":
                    region.tag_redraw()


def _visible(context: Any) -> Iterator[Target]:
    """Yield the boxes to draw in a viewport: none where its overlays are hidden."""
    if context.space_data.overlay.show_overlays:
        for each in targets():
            if each.scene == context.scene.name:
                yield each


def draw_boxes() -> None:
    """Draw the boxes with their Previews."""
    context: Any = bpy.context
    for each in _visible(context):
        space = each.space
        low = (space.left, space.front, space.bottom)
        high = (space.right, space.back, space.top)
        draw_box(corners(low, high, Matrix()), line_color(context))
        if each.picture is not None:
            size = 0.8 * min(space.right - space.left, space.top - space.bottom)
            draw_picture(each.picture, space.center, size, context.region_data)


def draw_captions() -> None:
    """Draw title, state and progress above each box."""
    context: Any = bpy.context
    for each in _visible(context):
        center = each.space.center
        above = Vector((center.x, center.y, each.space.top))
        # the bar says as much as the state, in a scene where text stands before other things
        lines = (each.title, each.state) if each.fraction is None else (each.title,)
        draw_caption(context, above, lines, each.fraction)


LINE_WIDTH = 1.5
TEXT_SIZE = 11.0
_MARGIN = 4.0
_BAR_HEIGHT = 3.0
_BAR_WIDTH = 80.0

Color = tuple[float, float, float, float]

# the bits of a corner's index say on which side of each axis it is
_EDGES = [(one, one | bit) for one in range(8) for bit in (1, 2, 4) if not one & bit]


class Picture:
    """A decoded picture, whose texture is made when it is first drawn: only then may it be."""

    def __init__(self, width: int, height: int, pixels: Sequence[float]) -> None:
        self.width, self.height = width, height
        self._pixels = pixels

    @cached_property
    def texture(self) -> Any:
        """The texture on the graphics card."""
        types: Any = gpu.types
        data = types.Buffer("FLOAT", len(self._pixels), self._pixels)
        return types.GPUTexture((self.width, self.height), format="SRGB8_A8", data=data)


def corners(low: Sequence[float], high: Sequence[float], matrix: Matrix) -> list[Vector]:
    """Return the eight corners of a box in world space, given in the space of `matrix`."""
    return [
        matrix @ Vector([(low, high)[index >> axis & 1][axis] for axis in range(3)])
        for index in range(8)
    ]


def draw_box(points: Sequence[Vector], color: Color) -> None:
    """Draw the edges of a box with these corners, in the order of `corners`."""
    _draw_lines([points[each] for edge in _EDGES for each in edge], color)


def draw_front(points: Sequence[Vector], color: Color) -> None:
    """Draw an arrow on the floor that points to where the front of a box (-Y) faces."""
    left, right, back = points[0], points[1], (points[2] + points[3]) / 2
    middle = (left + right) / 2
    tip = middle + (middle - back) * 0.3
    ends = (middle + (each - middle) * 0.4 for each in (left, right))
    _draw_lines([point for end in ends for point in (end, tip)], color)


def _draw_lines(lines: Sequence[Vector], color: Color) -> None:
    """Draw lines, given as pairs of points in world space."""
    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    batch = _batch(shader, "LINES", {"pos": lines})
    gpu.state.blend_set("ALPHA")
    gpu.state.depth_test_set("LESS_EQUAL")
    viewport: Any = gpu.state.viewport_get()
    shader.uniform_float("viewportSize", viewport[2:])
    shader.uniform_float("lineWidth", LINE_WIDTH * ui_scale())
    shader.uniform_float("color", color)
    batch.draw(shader)
    gpu.state.depth_test_set("NONE")
    gpu.state.blend_set("NONE")


def draw_picture(picture: Picture, center: Vector, size: float, region: Any) -> None:
    """Draw a picture that faces the view, its longer side `size` long in world space."""
    view = region.view_matrix.inverted_safe().to_3x3()
    longer = max(picture.width, picture.height)
    right = view.col[0] * (size * picture.width / longer / 2)
    up = view.col[1] * (size * picture.height / longer / 2)
    shader = gpu.shader.from_builtin("IMAGE")
    batch = _batch(
        shader,
        "TRI_FAN",
        {
            "pos": [
                center - right - up,
                center + right - up,
                center + right + up,
                center - right + up,
            ],
            "texCoord": [(0, 0), (1, 0), (1, 1), (0, 1)],
        },
    )
    gpu.state.depth_test_set("LESS_EQUAL")
    shader.uniform_sampler("image", picture.texture)
    batch.draw(shader)
    gpu.state.depth_test_set("NONE")


def draw_caption(
    context: bpy.types.Context, above: Vector, lines: Sequence[str], fraction: float | None
) -> None:
    """Draw lines of text above a point in world space, with a bar of progress below them."""
    region: Any = context.region
    view: Any = context.region_data
    point = view3d_utils.location_3d_to_region_2d(region, view, above)
    if point is None:
        return  # behind the view
    scale, color = ui_scale(), _text_color(context)
    bottom = point.y + 2 * _MARGIN * scale
    if fraction is not None:
        _draw_bar(point.x, bottom, fraction, color)
        bottom += (_BAR_HEIGHT + _MARGIN) * scale
    for line in reversed(lines):
        bottom += _draw_line(line, point.x, bottom, color) + _MARGIN * scale


def _draw_line(line: str, x: float, y: float, color: Color) -> float:
    """Draw a centered line of text; return its height."""
    font = 0
    blf.size(font, TEXT_SIZE * ui_scale())
    width, _ = blf.dimensions(font, line)
    blf.enable(font, blf.SHADOW)
    blf.shadow(font, 3, 0.0, 0.0, 0.0, 0.8)
    blf.position(font, x - width / 2, y, 0)
    blf.color(font, *color)
    blf.draw(font, line)
    blf.disable(font, blf.SHADOW)
    return TEXT_SIZE * ui_scale()


def _draw_bar(x: float, y: float, fraction: float, color: Color) -> None:
    width, height = _BAR_WIDTH * ui_scale(), _BAR_HEIGHT * ui_scale()
    left = x - width / 2
    _draw_rectangle(left, y, width, height, (0.0, 0.0, 0.0, 0.5))
    _draw_rectangle(left, y, width * max(0.0, min(1.0, fraction)), height, color)


def _draw_rectangle(x: float, y: float, width: float, height: float, color: Color) -> None:
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    points = [(x, y), (x + width, y), (x + width, y + height), (x, y + height)]
    batch = _batch(shader, "TRI_FAN", {"pos": points})
    gpu.state.blend_set("ALPHA")
    shader.uniform_float("color", color)
    batch.draw(shader)
    gpu.state.blend_set("NONE")


def _batch(shader: gpu.types.GPUShader, kind: Any, content: Any) -> gpu.types.GPUBatch:
    return batch_for_shader(shader, kind, content)


def line_color(context: bpy.types.Context) -> Color:
    """Return a color for boxes that is not that of the selection, but seen on any background."""
    red, green, blue, _ = _text_color(context)
    return red, green, blue, 0.6


def active_color(context: bpy.types.Context) -> Color:
    """Return the theme's color of the active object."""
    red, green, blue = context.preferences.themes[0].view_3d.object_active
    return red, green, blue, 1.0


def _text_color(context: bpy.types.Context) -> Color:
    red, green, blue = context.preferences.themes[0].view_3d.space.text_hi
    return red, green, blue, 1.0
