# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw boxes, pictures and words over a 3D View: in its pixels, as Blender's menus look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import blf
import bpy
import gpu
from gpu_extras.batch import batch_for_shader

from .typed_context import ui_scale

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Color = tuple[float, float, float, float]
Point = tuple[float, float]

LETTERS, SIGN = 0.7, 0.5
"""How high letters look, and a sign such as ×, as shares of their size."""

_FONT = 0
_SQUARE = ((0, 0), (1, 0), (1, 1), (0, 1))
_TURNS = tuple(step / 5 * math.pi / 2 for step in range(6))


@dataclass(frozen=True)
class Box:
    """A rectangle from its lower left corner, in pixels."""

    x: float
    y: float
    width: float
    height: float

    def grown(self, by: float) -> Box:
        """Return a box whose edges are further out."""
        return Box(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def contains(self, x: float, y: float) -> bool:
        """Return whether a point is inside."""
        return self.x <= x < self.x + self.width and self.y <= y < self.y + self.height


class Theme:
    """Colors and sizes of Blender's menus and buttons."""

    def __init__(self) -> None:
        preferences = bpy.context.preferences
        colors = preferences.themes[0].user_interface
        menu = colors.wcol_menu_back
        item = colors.wcol_menu_item
        tool = colors.wcol_tool
        self.back: Color = (*menu.inner[:3], 0.94)
        self.edge: Color = (*menu.outline[:3], 1.0)
        self.text: Color = (*item.text[:3], 1.0)
        self.faint: Color = (*item.text[:3], 0.75)
        self.chosen: Color = (*item.inner_sel[:3], 1.0)
        self.empty: Color = (*item.text[:3], 0.08)
        self.button: Color = (*tool.inner[:3], 1.0)
        self.text_on_button: Color = (*tool.text[:3], 1.0)
        self.pressed: Color = (*tool.inner_sel[:3], 1.0)
        self.text_on_pressed: Color = (*tool.text_sel[:3], 1.0)
        self.scale = ui_scale()
        self.points = preferences.ui_styles[0].widget.points * self.scale


def draw_box(box: Box, color: Color, radius: float = 0.0) -> None:
    """Draw a filled box, with rounded corners if there is a radius."""
    if radius:
        left = box.x + radius
        right = box.x + box.width - radius
        low = box.y + radius
        high = box.y + box.height - radius
        corners = ((right, high), (left, high), (left, low), (right, low))
        points = [
            (
                x + radius * math.cos(turn + quarter * math.pi / 2),
                y + radius * math.sin(turn + quarter * math.pi / 2),
            )
            for quarter, (x, y) in enumerate(corners)
            for turn in _TURNS
        ]
    else:
        points = _corners(box)
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    shader.uniform_float("color", color)
    _draw(shader, "TRI_FAN", {"pos": points})


def draw_lines(points: Sequence[Any], color: Color, width: float) -> None:
    """Draw lines, given as pairs of points with three coordinates."""
    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    viewport: Any = gpu.state.viewport_get()
    shader.uniform_float("viewportSize", viewport[2:])
    shader.uniform_float("lineWidth", width)
    shader.uniform_float("color", color)
    _draw(shader, "LINES", {"pos": points})


def texture_of(width: int, height: int, values: NDArray[np.float32]) -> gpu.types.GPUTexture:
    """Return a texture of sRGB values, which the graphics card makes linear when it draws."""
    types: Any = gpu.types  # the stubs do not know the arguments
    data = types.Buffer("FLOAT", len(values), values)
    texture: gpu.types.GPUTexture = types.GPUTexture((width, height), format="SRGB8_A8", data=data)
    return texture


def draw_picture(texture: gpu.types.GPUTexture, box: Box) -> None:
    """Draw a picture, as large as fits into the box in its own proportion."""
    share = min(box.width / texture.width, box.height / texture.height)
    width = texture.width * share
    height = texture.height * share
    inner = Box(box.x + (box.width - width) / 2, box.y + (box.height - height) / 2, width, height)
    draw_texture(texture, _corners(inner))


def draw_texture(texture: gpu.types.GPUTexture, corners: Sequence[Any]) -> None:
    """Draw a picture between four corners, the lower left one first, counterclockwise."""
    shader = gpu.shader.from_builtin("IMAGE")
    shader.uniform_sampler("image", texture)
    _draw(shader, "TRI_FAN", {"pos": corners, "texCoord": _SQUARE})


def draw_text(
    text: str, x: float, box: Box, points: float, color: Color, tall: float = LETTERS
) -> None:
    """Draw one line of a size in pixels, in the middle of a box's height.

    `tall` is how high it looks, as a share of its size.
    """
    blf.size(_FONT, points)
    blf.color(_FONT, *color)
    blf.position(_FONT, x, box.y + (box.height - points * tall) / 2, 0.0)
    # the edges of dark letters are paler here than in a panel, where colors are mixed otherwise
    for _ in range(2 if max(color[:3]) < 0.5 else 1):
        blf.draw(_FONT, text)


def _corners(box: Box) -> list[Point]:
    return [(box.x + x * box.width, box.y + y * box.height) for x, y in _SQUARE]


def _draw(shader: gpu.types.GPUShader, kind: Any, content: Any) -> None:
    gpu.state.blend_set("ALPHA")  # drawing a text switches it off
    batch_for_shader(shader, kind, content).draw(shader)
