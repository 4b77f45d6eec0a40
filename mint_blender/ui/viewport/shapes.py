# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw boxes, pictures and text into the 3D Viewport."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import blf
import bpy
import gpu
from bpy_extras import view3d_utils
from gpu_extras.batch import batch_for_shader
from mathutils import Matrix, Vector

from ..typed_context import ui_scale

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
