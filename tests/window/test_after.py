# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with a World after it has landed, by clicks and keys: each is one undo step."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from .blender_window import SCREENSHOTS, BlenderWindow
from .display import Display
from .test_arrival import COURTYARD, HAS_MOVED, POSE
from .test_jobs import start

pytestmark = pytest.mark.window

MINT = {"speed": 20, "assets": "real", "credits": 1e6}
DIFFERENCE = """
from mathutils import Vector
from bpy_extras import view3d_utils, object_utils
scene, here = bpy.context.scene, region('VIEW_3D', 'WINDOW')
camera = next(each for each in scene.objects if each.get('mint_viewpoint') == 'VIEW')
scene.render.resolution_x, scene.render.resolution_y = here.width, here.height
view = area('VIEW_3D').spaces.active.region_3d
result = 0
for share in ((0.2, 0.3), (0.8, 0.6), (0.5, 0.9)):
    pixel = Vector((here.width * share[0], here.height * share[1]))
    point = view3d_utils.region_2d_to_location_3d(here, view, pixel, (view.view_matrix.inverted() @ Vector((0, 0, -3))))
    seen = object_utils.world_to_camera_view(scene, camera, point)
    result = max(result, abs(seen.x * here.width - pixel.x), abs(seen.y * here.height - pixel.y))
"""
"""By how many pixels at most the saved viewpoint differs from the view."""
WALKS = "'MINT_OT_walk_inside' in [each.bl_idname for each in window().modal_operators]"
COUNTS = (
    "[len(bpy.data.objects), len(bpy.data.cameras), len(bpy.data.meshes), len(bpy.data.actions)]"
)


ICONS = """
icons = {}
class Layout:
    def __getattr__(self, name):
        return lambda *words, **more: icons.update({words[0] if words else name: more.get('icon')}) or Layout()
menu = part('ui.after.menus').MINT_MT_after
with within('VIEW_3D'):
    menu.draw(types.SimpleNamespace(layout=Layout()), bpy.context)
result = icons
"""
"""The icon of each entry of the menu, by its operator."""


MODEL = "next(each for each in bpy.data.objects if each.get('mint_asset_id'))"
RAISE = f"""
root = {MODEL}
root.location.z = 0.4
bpy.context.view_layer.objects.active = root
bpy.ops.ed.undo_push(message='Before')
"""
ON_SCREEN = f"""
root = {MODEL}
from bpy_extras import view3d_utils
here = region('VIEW_3D', 'WINDOW')
view = area('VIEW_3D').spaces.active.region_3d
middle = root.matrix_world.translation.copy()
middle.z += 0.2
point = view3d_utils.location_3d_to_region_2d(here, view, middle)
result = [here.x + int(point.x), window().height - here.y - int(point.y)]
"""


def world(blender: BlenderWindow) -> None:
    """Generate a World, look inside, and end with a step that every test can undo to."""
    start(blender, COURTYARD, kind="WORLD")
    blender.wait_for("placed", seconds=240)
    blender.call("mint.select_result", "INVOKE_DEFAULT", job_id=blender.jobs()[0]["id"])
    blender.ask("bpy.ops.ed.undo_push(message='Before')")
    blender.settle()


def search(blender: BlenderWindow, words: str) -> None:
    """Start what F3 finds by these words."""
    blender.over()
    blender.until_it_shows(lambda: blender.key("F3"))
    blender.until_it_shows(lambda: blender.type(words))
    blender.key("Return")


def undo(blender: BlenderWindow, counts: list[int]) -> None:
    """Undo once, until there is as much in the file as before."""
    blender.over()
    blender.key("ctrl+z")
    blender.wait(f"{COUNTS} == counts", counts=counts)


@pytest.mark.feature("viewpoints, walks and panoramas")
def test_viewpoints_and_walks(blender: BlenderWindow) -> None:
    """A saved viewpoint shows the same pixels; a walk becomes a camera; each is undone alone."""
    world(blender)
    counts = blender.ask(COUNTS)
    blender.click("mint.save_viewpoint")
    blender.wait(f"{COUNTS} != counts", counts=counts)
    assert blender.ask(DIFFERENCE) < 0.01
    blender.screenshot("viewpoint")
    undo(blender, counts)
    blender.key("ctrl+shift+z")
    blender.wait(f"{COUNTS} != counts", counts=counts)
    counts = blender.ask(COUNTS)
    search(blender, "Record a Walk")
    blender.wait(WALKS)
    blender.display.tool("keydown", "w")
    blender.wait(HAS_MOVED, start=blender.ask(POSE)[0])
    for _ in range(20):
        blender.settle()
    blender.display.tool("keyup", "w")
    blender.key("Return")
    blender.wait("'Walk' in bpy.data.objects")
    assert blender.ask("len(bpy.data.actions)") == counts[3] + 1
    undo(blender, counts)
    blender.key("ctrl+shift+z")
    blender.wait("'Walk' in bpy.data.objects")
    blender.call("mint.play_walk")
    blender.wait("bpy.context.scene.frame_current > bpy.context.scene.frame_start")
    blender.screenshot("walk")
    blender.ask("with within('VIEW_3D'):\n    bpy.ops.screen.animation_cancel(restore_frame=False)")


@pytest.mark.feature("models put on the floor")
def test_what_is_selected_stands_on_the_floor(blender: BlenderWindow) -> None:
    """F3 finds both ways for a cube of one's own; one step back, and it is where it was."""
    blender.ask("bpy.ops.mesh.primitive_plane_add(size=9)")
    blender.ask(
        "bpy.ops.mesh.primitive_cube_add(size=1, location=(0, 0, 3), rotation=(0.4, 0.3, 0))"
    )
    blender.ask("bpy.ops.ed.undo_push(message='Before')")
    counts = blender.ask(COUNTS)
    place = "round(bpy.context.active_object.location.z, 4)"
    for words in ("Drop to Floor", "Let it Fall"):
        search(blender, words)
        blender.wait(f"{place} != 3")
        assert blender.ask(COUNTS) == counts
        undo(blender, counts)
        blender.wait(f"{place} == 3")


@pytest.mark.feature("models put on the floor")
def test_the_menu_of_a_right_click_stands_a_model_on_the_floor(blender: BlenderWindow) -> None:
    """The last entry of a model's menu is the menu that begins with the floor."""
    start(blender, "a small ceramic lamp")
    blender.wait_for("placed", seconds=240)
    blender.ask(RAISE)
    blender.settle()
    assert "mint.save_splats" not in blender.ask(ICONS), "a model has no splats"
    counts = blender.ask(COUNTS)
    blender.point_at(*blender.ask(ON_SCREEN))
    blender.settle()
    blender.until_it_shows(lambda: blender.display.press(3))
    for key in ("End", "Right", "Home"):  # what is last in the menu, and first in that
        blender.until_it_shows(lambda key=key: blender.key(key))
    blender.screenshot("right-click")
    blender.key("Return")
    blender.wait(f"round({MODEL}.location.z, 2) < 0.4")
    undo(blender, counts)
    blender.wait(f"round({MODEL}.location.z, 4) == 0.4")


BROWSER = "len([each for each in window().screen.areas if each.type == 'FILE_BROWSER'])"
FAST = """
scene = bpy.context.scene
scene.render.engine = 'CYCLES'
scene.cycles.samples = 1
scene.render.resolution_x, scene.render.resolution_y, scene.render.resolution_percentage = 320, 180, 100
bpy.context.preferences.view.filebrowser_display_type = 'SCREEN'
bpy.context.preferences.view.render_display_type = 'NONE'
bpy.context.window_manager.operator_properties_last('mint.render_panorama').width = 512
"""


def render(blender: BlenderWindow, words: str, folder: Path) -> None:
    """Render what F3 finds by these words, into a folder that the file browser gets."""
    search(blender, words)
    blender.wait(BROWSER)
    blender.ask(
        "area('FILE_BROWSER').spaces.active.params.directory = folder.encode()", folder=f"{folder}/"
    )
    blender.settle()
    blender.click("file.execute", kind="FILE_BROWSER", name="EXECUTE")
    blender.wait(f"not {BROWSER}")


@pytest.mark.feature("viewpoints, walks and panoramas")
def test_viewpoints_and_a_panorama_are_rendered(blender: BlenderWindow, tmp_path: Path) -> None:
    """Both ask for a place, and show what is there, also in a build that cannot denoise."""
    world(blender)
    blender.click("mint.save_viewpoint")
    blender.ask(FAST)
    for words, name, size in (
        ("Render All Viewpoints", "Viewpoint_1.png", (320, 180)),
        ("Render Panorama", "panorama.png", (512, 256)),
    ):
        render(blender, words, tmp_path)
        blender.wait("__import__('os').path.exists(path)", path=str(tmp_path / name), seconds=120)
        blender.wait("part('ui.session').state(part('ui.after.cameras')._Queue).setting is None")
        shutil.copy(tmp_path / name, SCREENSHOTS / name)
        with Image.open(tmp_path / name) as picture:
            assert picture.size == size
            assert len(picture.convert("RGB").resize((16, 9)).getcolors() or ()) > 50


STATE = """
shown = next(each for each in bpy.data.objects if 'mint_splats' in each.keys())
result = [len(shown.modifiers), shown.visible_shadow, len(bpy.data.objects)]
"""


def becomes(blender: BlenderWindow, state: list[object], is_so: bool = True) -> None:
    """Wait until the splats are in a state, or no longer in it."""
    blender.wait(f"{STATE}\nresult = (result == state) is is_so", state=state, is_so=is_so)


@pytest.mark.feature("shadows and light on splats")
@pytest.mark.feature("splats cropped and saved")
def test_shadow_light_and_crop_are_one_step_each(blender: BlenderWindow) -> None:
    """What F3 finds changes the splats; one step back, and they are as they were."""
    world(blender)
    place = "bpy.ops.mesh.primitive_cube_add(size=0.4, location=(0.3, 1, 0.5))\n"
    select = "bpy.context.view_layer.objects.active = root\n"
    find = "root = next(each for each in bpy.data.objects if 'mint_flipped' in each.keys())\n"
    for words, prepare in (
        ("Ground Shadow", place),
        ("Mix with Scene Light", find + select),
        ("Crop Splats", ""),
    ):
        blender.ask(f"{prepare}bpy.ops.ed.undo_push(message='Before')")
        before = blender.ask(STATE)
        search(blender, words)
        becomes(blender, before, is_so=False)
        blender.screenshot(words)
        is_visible = blender.ask("area('VIEW_3D').spaces.active.overlay.show_overlays")
        assert is_visible == (words == "Crop Splats"), "the box has to be seen"
        icons = blender.ask(ICONS)
        assert icons["mint.ground_shadow"] == (
            "CHECKBOX_HLT" if words == "Ground Shadow" else "CHECKBOX_DEHLT"
        )
        if words == "Crop Splats":
            assert "mint.end_crop" in icons and "mint.crop_splats" not in icons
        after = blender.ask(STATE)
        blender.over()
        blender.key("ctrl+z")
        becomes(blender, before)
    blender.key("ctrl+shift+z")
    becomes(blender, after)
    search(blender, "End Crop, Show All Splats")
    becomes(blender, before)
    blender.over()
    blender.key("ctrl+z")
    becomes(blender, after)
    blender.key("ctrl+shift+z")
    becomes(blender, before)


@pytest.mark.feature("shadows and light on splats")
def test_shadow_and_light_show_in_eevee(display: Display, tmp_path: Path) -> None:
    """Below a model it is darker; lit by the scene alone, it is dark until there is a lamp."""
    words = [sys.executable, "-m", "tests.scene.eevee_pictures", str(tmp_path)]
    done = subprocess.run(
        words, env=display.environment, check=True, capture_output=True, text=True, timeout=500
    )
    captured, shadow, unlit, lit = json.loads(done.stdout.splitlines()[-1])
    assert shadow < 0.85 * captured
    assert unlit < 0.2 * captured and lit > 2 * unlit
