# SPDX-License-Identifier: GPL-3.0-or-later
"""Show results in a 3D View: in color, framed, or a World from inside; and restore the view.

Only the view changes, nothing in the scene. What a view showed before is remembered until it is
restored, and saved with the file.
"""

import json
import math
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent
from mathutils import Euler, Matrix, Quaternion, Vector

from ...message import Message
from .. import session, text_wrap
from ..selection import selected
from ..translations import translated
from ..typed_context import all_areas

_INSIDE = (Message("Walk"), Message("Back Inside"), Message("Restore View"))
AHEAD = 2.0
"""Meters before the capture point, around which the view turns."""
MARGIN = 0.9
"""Share of the view that a framed result may fill in each direction."""
SAMPLE = 5000
"""About how many vertices of each mesh are looked at to frame it."""
LIGHT = "paint.sl"
"""Blender's brightest studio light: with its default one, an orange is brown."""
_INSIDE_LIGHT = Path(__file__).with_name("mint_world.sl")
"""A studio light so soft that a World, which has its light in its colors, looks as without any.

It comes from a little to the left, and models are not as flat as paper.
"""
_SIDE_OF = {"UI": 0, "TOOLS": 0, "HEADER": 1}
"""By the type of a region over a view: whether it covers what is at its side, or above or below.

The margin leaves room for the tool settings, which are as low as it is.
"""
_ALIKE = 0.9999
"""The product of two rotations from which on they are the same."""
STARTUP = Quaternion((0.7124, 0.4411, 0.2874, 0.4641))
"""How a view of Blender's start-up file is turned. It sees the side of what faces -Y."""
FROM_FRONT = Euler((math.radians(66), 0.0, math.radians(27))).to_quaternion()
"""How a view is turned that sees the front, from a little to its left and above."""

SAVED = "mint_earlier_views"
"""Custom property of a screen in a file: what its views showed before, by the index of the area."""

# The settings of a view that are saved and restored, in this order.
_OF_SHADING = (
    "color_type",
    "light",
    "background_type",
    "background_color",
    "use_scene_world",
    "use_scene_world_render",
)
_OF_SPACE = ("lens", "clip_start", "clip_end")
_OF_REGION = ("view_location", "view_rotation", "view_distance", "view_perspective")


class _State:
    def __init__(self) -> None:
        self.earlier: dict[int, dict[str, Any]] = {}
        """What each view showed before, by its address."""


def _earlier() -> dict[int, dict[str, Any]]:
    return session.state(_State).earlier


def is_changed(space: Any) -> bool:
    """Return whether a 3D View shows a result, so that it can be restored."""
    return space is not None and space.type == "VIEW_3D" and space.as_pointer() in _earlier()


def has_hidden_overlays(space: Any) -> bool:
    """Return whether a 3D View has no overlays only because it shows a World from inside."""
    stored = _earlier().get(space.as_pointer())
    return stored is not None and stored["overlays"] and not space.overlay.show_overlays


def show(
    area: bpy.types.Area,
    root: bpy.types.Object,
    scene: bpy.types.Scene,
    *,
    is_first: bool = False,
) -> None:
    """Show a World from inside, or frame a model."""
    if selected.is_world(root):
        look_inside(area, root, scene)
    else:
        frame(area, (root, *root.children_recursive), is_first=is_first)


def frame(
    area: bpy.types.Area, objects: Iterable[bpy.types.Object], *, is_first: bool = False
) -> None:
    """Show objects in color, as large as they fit into the view from where it looks now.

    The first look at a result is from the front if nobody has ever turned the view.
    """
    import numpy as np

    space: Any = area.spaces.active
    _remember(space)
    if space.shading.type == "SOLID":
        space.shading.color_type = "TEXTURE"
        shading = space.shading
        if shading.light == "STUDIO" and shading.studio_light != _INSIDE_LIGHT.name:
            with suppress(TypeError):  # a Blender may come without its lights
                shading.studio_light = LIGHT
    space.overlay.show_bones = False
    _earlier()[space.as_pointer()]["shown"] = space.shading.type
    points = [vertices for vertices in map(_points, objects) if vertices is not None]
    if points:
        view = space.region_3d
        if view.view_perspective == "CAMERA":
            view.view_perspective = "PERSP"
        turn = view.view_rotation.copy()
        if is_first and abs(turn.dot(STARTUP)) > _ALIKE and view.view_perspective == "PERSP":
            turn = FROM_FRONT.copy()
        view.view_location, view.view_distance = _framing(area, np.concatenate(points), turn)
        view.view_rotation = turn
    area.tag_redraw()


def look_inside(area: bpy.types.Area, root: bpy.types.Object, scene: bpy.types.Scene) -> None:
    """Show a World in color from its capture point. The view is free: dragging looks around."""
    from ...scene.world import calibration, edit, panorama, world_objects

    selected.use_world(root)
    space: Any = area.spaces.active
    _remember(space)
    shown = space.shading
    shown.type = "SOLID"
    shown.light, shown.color_type = "STUDIO", "TEXTURE"
    shown.studio_light = _INSIDE_LIGHT.name
    shown.background_type = "VIEWPORT"
    image = root.get(world_objects.IMAGE)
    if image is not None and panorama.SKY in image:
        shown.background_color = image[panorama.SKY]
    if edit.shows_panorama(scene):  # also for who turns to Material Preview later
        shown.use_scene_world = shown.use_scene_world_render = True
    _shade(space, "SOLID" if _has_colors_in_solid(root) else "MATERIAL")
    _earlier()[space.as_pointer()]["shown"] = shown.type
    place = world_objects.upright(root)
    _stand_at(space, place, scene, calibration.LENS)
    space.overlay.show_overlays = False
    area.tag_redraw()


def restore(area: bpy.types.Area) -> None:
    """Show what the view showed before, in the shading that the user has chosen since, if any."""
    space: Any = area.spaces.active
    stored = _earlier().get(space.as_pointer())
    if stored is None:
        return
    shading = stored["type"] if space.shading.type == stored["shown"] else space.shading.type
    _shade(space, "SOLID")
    space.shading.light, space.shading.studio_light = "STUDIO", stored["studio_light"]
    for owner, names in _owners(space):
        for name in names:
            setattr(owner, name, stored[name])
    _shade(space, shading)
    space.overlay.show_overlays = stored["overlays"]
    space.overlay.show_bones = stored["bones"]
    # only now: if restoring fails, the saved view is still needed
    del _earlier()[space.as_pointer()]
    area.tag_redraw()


def draw_buttons(layout: bpy.types.UILayout, space: Any, *, width: int) -> None:
    """Draw what makes sense in this view: look inside a World, or walk and go back."""
    if is_changed(space):
        row = text_wrap.button_row(layout, _INSIDE, width=width)
        row.operator("mint.walk_inside", icon="POSE_HLT")
        row.operator(
            "mint.look_inside", text=translated(_INSIDE[1]), translate=False, icon="HIDE_OFF"
        )
        row.operator("mint.restore_view", icon="LOOP_BACK")
    else:
        layout.operator("mint.look_inside", icon="HIDE_OFF")


def area_of(context: bpy.types.Context) -> bpy.types.Area | None:
    """Return the 3D View that was clicked in, else the largest one.

    It is looked for in this window, or in all windows for a script.
    """
    if context.area is not None and context.area.type == "VIEW_3D":
        return context.area
    areas = context.window.screen.areas if context.window is not None else all_areas()
    views = [area for area in areas if area.type == "VIEW_3D"]
    return max(views, key=lambda view: view.width * view.height, default=None)


def pose(space: Any) -> tuple[Any, ...]:
    """Return what a view looks at; two poses are equal if nobody has moved the view."""
    view = space.region_3d
    return (
        tuple(view.view_location),
        tuple(view.view_rotation),
        view.view_distance,
        view.view_perspective,
        space.lens,
    )


def eye_of(space: Any) -> Matrix:
    """Return where a free view looks from: the world matrix of a camera there, 4×4."""
    view = space.region_3d
    turn = view.view_rotation
    place = view.view_location + turn @ Vector((0, 0, view.view_distance))
    return Matrix.LocRotScale(place, turn, None)


def _remember(space: Any) -> None:
    """Save what the view shows; after two looks in a row, what it showed before both."""
    if space.as_pointer() in _earlier():
        return
    shading = space.shading
    stored: dict[str, Any] = {
        "type": shading.type,
        "overlays": space.overlay.show_overlays,
        "bones": space.overlay.show_bones,
    }
    for owner, names in _owners(space):
        for name in names:
            value = getattr(owner, name)
            stored[name] = value.copy() if hasattr(value, "copy") else value
    # each way of shading has lights of its own, and only those of Solid are changed
    shading.type, shading.light = "SOLID", "STUDIO"
    stored["studio_light"] = shading.studio_light
    shading.light = stored["light"]
    shading.type = stored["type"]
    _earlier()[space.as_pointer()] = stored


def _owners(space: Any) -> tuple[tuple[Any, tuple[str, ...]], ...]:
    return (space.shading, _OF_SHADING), (space, _OF_SPACE), (space.region_3d, _OF_REGION)


def _has_colors_in_solid(root: bpy.types.Object) -> bool:
    """Return whether Solid shading shows the World: not Blender's own splats, nor a background."""
    from ...scene.world import world_objects

    splats = world_objects.parts_of(root, "splats")
    collider = world_objects.parts_of(root, "collider")
    return any(obj.type == "MESH" for obj in splats) or any(
        obj.display_type == "TEXTURED" for obj in collider if obj.type == "MESH"
    )


def _points(obj: bpy.types.Object) -> Any:
    """Return vertices of an object in world space, shape (n, 3); None if it shows nothing."""
    import numpy as np

    from ...scene import mesh_arrays

    if obj.type == "MESH" and len(obj.data.vertices):
        points = mesh_arrays.positions(obj.data).reshape(-1, 3)
        points = points[:: max(1, len(points) // SAMPLE)]
    elif obj.type == "POINTCLOUD":
        points = np.array(obj.bound_box)
    else:
        return None
    matrix = np.array(obj.matrix_world)
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def _framing(area: bpy.types.Area, points: Any, rotation: Quaternion) -> tuple[Vector, float]:
    """Return the location and the distance at which a turned view shows these points largest.

    `points` is an array of shape (n, 3) in world space.
    """
    import numpy as np

    space: Any = area.spaces.active
    view = space.region_3d
    turn = np.array(rotation.to_matrix())
    turned = points @ turn  # right, up, and toward the viewer
    middle = (turned.min(axis=0) + turned.max(axis=0)) / 2
    center, half = _in_sight(area, space.lens)
    apart = turned - middle
    nearer = apart[:, 2:] * (view.view_perspective != "ORTHO")
    across = np.abs(apart[:, :2] + center * nearer) / half / MARGIN
    distance = float((across.max(axis=1, keepdims=True) + nearer).max())
    middle[:2] -= center * distance
    return Vector(turn @ middle), distance


def _in_sight(area: bpy.types.Area, lens: float) -> tuple[Any, Any]:
    """Return the center of what a view shows, and how far it sees from there: to the side and up.

    Both are at a distance of 1, of shape (2,). What toolbar, sidebar, header and the library cover
    does not count.
    """
    import numpy as np

    from ..asset_bar import bar

    region = next(region for region in area.regions if region.type == "WINDOW")
    size = np.maximum((region.width, region.height), 1)
    low = np.zeros(2)
    high = size.astype(float)
    for other in area.regions:
        if other.width <= 1 or other.type not in _SIDE_OF:
            continue
        side = _SIDE_OF[other.type]
        begin = (other.x - region.x, other.y - region.y)[side]
        extent = (other.width, other.height)[side]
        if begin + extent / 2 < size[side] / 2:
            low[side] = max(low[side], begin + extent)
        else:
            high[side] = min(high[side], begin)
    if bar.is_shown_in(area):
        low[1] = max(low[1], bar.top_in(area, region))
    half = np.maximum(0.2 * size, (high - low) / 2)
    per_pixel = 2 * 36 / lens / size.max()
    return ((low + high) / 2 - size / 2) * per_pixel, half * per_pixel


def _stand_at(space: Any, place: Matrix, scene: bpy.types.Scene, lens: float) -> None:
    """Show a free view from this place along its Y axis, as wide as through a camera's lens."""
    upright = place.normalized() @ Matrix.Rotation(math.pi / 2, 4, "X")
    view = space.region_3d
    distance = AHEAD / scene.unit_settings.scale_length
    space.lens = 2 * lens  # a free view counts on a sensor of twice a camera's width
    space.clip_start = min(space.clip_start, 0.01 / scene.unit_settings.scale_length)
    view.view_perspective = "PERSP"
    view.view_rotation = upright.to_quaternion()
    view.view_distance = distance
    view.view_location = upright @ Vector((0, 0, -distance))


def _shade(space: Any, shading: str) -> str:
    """Set the shading, or Solid if the render engine lacks it; return which.

    Workbench has no Material Preview.
    """
    try:
        space.shading.type = shading
    except TypeError:
        space.shading.type = shading = "SOLID"
    return shading


def add_light() -> None:
    """Add the light inside Worlds to Blender's studio lights, for files that were saved with it."""
    bpy.context.preferences.studio_lights.load(str(_INSIDE_LIGHT), "STUDIO")


def remove_light() -> None:
    """Remove it."""
    lights: Any = bpy.context.preferences.studio_lights
    light = lights.get(_INSIDE_LIGHT.name)
    if light is not None:
        lights.remove(light)


@persistent
def _put_into_file(*_: object) -> None:
    """Save what the views showed before: addresses are others in the next session."""
    _clean_screens()  # a save that fails leaves them
    for screen in bpy.data.screens:
        earlier = {
            index: _earlier()[space.as_pointer()]
            for index, space in _views_of(screen)
            if space.as_pointer() in _earlier()
        }
        if earlier:
            screen[SAVED] = json.dumps(earlier, default=tuple)


@persistent
def _take_from_file(*_: object) -> None:
    """Remember what the views of this file showed before; forget those of another file."""
    _earlier().clear()
    for screen in bpy.data.screens:
        earlier = json.loads(screen.get(SAVED, "{}"))
        for index, space in _views_of(screen):
            if str(index) in earlier:
                _earlier()[space.as_pointer()] = earlier[str(index)]
    _clean_screens()


@persistent
def _clean_screens(*_: object) -> None:
    """Remove from the screens what belongs into the file only."""
    for screen in bpy.data.screens:
        screen.pop(SAVED, None)


def _views_of(screen: bpy.types.Screen) -> Iterator[tuple[int, Any]]:
    """Yield the 3D Views of a screen, with the indices of their areas."""
    for index, area in enumerate(screen.areas):
        for space in area.spaces:
            if space.type == "VIEW_3D":
                yield index, space


HANDLERS = (
    (bpy.app.handlers.save_pre, _put_into_file),
    (bpy.app.handlers.save_post, _clean_screens),
    (bpy.app.handlers.load_post, _take_from_file),
)
