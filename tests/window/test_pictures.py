# SPDX-License-Identifier: GPL-3.0-or-later
"""Models and Worlds as a user sees them: the pictures of the manual."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from mint_blender.jobs.job_values import Role
from mint_blender.jobs.phases import Phase
from mint_blender.jobs.service import JobService
from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind, Preset
from tests.jobs.fast_config import account, fast_config
from tests.mint_service.runner import Service, running_service

from .blender_window import ADDON, BlenderWindow
from .conftest import SPEED, Blenders, SharedBlender
from .display import Display
from .library_bar import FIELDS, VIEW
from .picture_check import check_picture
from .price_helpers import known_price
from .sections import open_section, switch_section
from .test_clips import RIG
from .test_first_run import SAID
from .test_jobs import start
from .test_references import LISTED

pytestmark = [pytest.mark.window, pytest.mark.thorough]

LOOK = """
area = next(area for area in bpy.context.window_manager.windows[0].screen.areas if area.type == 'VIEW_3D')
area.spaces.active.shading.type = 'MATERIAL'
area.spaces.active.region_3d.view_distance = 4.5
area.spaces.active.region_3d.view_location = (0.4, 0, 0.6)
"""


SMOOTH = """
bpy.context.preferences.system.viewport_aa = '8' if is_smooth else 'OFF'
bpy.context.preferences.system.use_overlay_smooth_wire = is_smooth
"""
"""Blender's own preferences, which the profile of the tests turns off: drawing takes longer."""

REMOVE_ALL = "[bpy.data.objects.remove(each) for each in list(bpy.data.objects)] and None"

FROM_ABOVE = """
from mathutils import Euler
view = area('VIEW_3D').spaces.active.region_3d
view.view_perspective = 'PERSP'
view.view_rotation = Euler((0.9, 0, 0.6)).to_quaternion()
view.view_location, view.view_distance = (0.5, 0, 1), 11
"""
SMALLER_BOX = "bpy.context.active_object.scale.x = bpy.context.active_object.scale.x * 0.55"
ENTER_KEY = """
stored = bpy.context.preferences.addons[addon].preferences
stored.api_key = key
stored.confirmed_origins = part('ui.session').account().origin
"""

# In a narrower area the text is larger on the page.
SHOW_PREFERENCES = """
with within('VIEW_3D'):
    bpy.ops.screen.area_split(direction='VERTICAL', factor=0.7)
area('VIEW_3D').type = 'PREFERENCES'
bpy.context.preferences.active_section = 'ADDONS'
bpy.context.window_manager.addon_search = 'Mint'
bpy.ops.preferences.addon_expand(module=addon)
"""

PROMPTS = {
    "a blue mug": "MODEL",
    "a wooden treasure chest with iron bands": "MODEL",
    "a small ceramic lamp with an orange shade": "MODEL",
    "a walled courtyard in orange evening light": "WORLD",
}


MINT = {"assets": "real"}

FORM = "bpy.context.window_manager.mint"
TOTAL = f"job_service().budget.total(part('ui.create.properties').prices_of({FORM}))"
SELECT_KNIGHT = """
knight = next(each for each in bpy.data.objects if each.get('mint_asset_id'))
bpy.context.view_layer.objects.active = knight
knight.select_set(True)
bpy.ops.ed.undo_push(message='Select')
"""
SHOW = f"""
clips = part('scene.animation.clips')
clips.show({RIG}, clips.clip_named({RIG}, clip), bpy.context.scene)
"""
STEP = "bpy.context.scene.frame_set(frame)"


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Display]:
    """Run a display as large as the pictures of the manual."""
    screen = Display(tmp_path_factory.mktemp("display"))
    yield screen
    screen.close()


@pytest.fixture(scope="module")
def _shared(
    _blenders: Blenders, installed: Path, tmp_path_factory: pytest.TempPathFactory
) -> SharedBlender:
    return SharedBlender(_blenders, installed, tmp_path_factory)


@pytest.fixture
def blender(blender: BlenderWindow) -> BlenderWindow:
    """Show the grid, as Blender does."""
    blender.ask("show_grid(True)")
    return blender


def check_smooth_picture(
    blender: BlenderWindow, name: str, box: Sequence[int] | None = None
) -> None:
    """Compare a picture with the lines of the 3D View as Blender usually draws them."""
    blender.ask(SMOOTH, is_smooth=True)
    blender.settle()
    try:
        check_picture(blender, name, box)
    finally:
        blender.ask(SMOOTH, is_smooth=False)


def test_a_preview(blender: BlenderWindow) -> None:
    """The card shows the lamp that waits for a decision."""
    blender.ask(REMOVE_ALL)
    start(blender, "a small ceramic lamp with an orange shade", mode="REVIEW")
    blender.wait_for("review", seconds=240)
    blender.wait("jobs()[0]['previews'] == 1 and not jobs()[0]['active']")
    blender.ask(LOOK)
    blender.review()
    blender.in_popup("mint.approve")
    check_smooth_picture(blender, "preview")
    blender.key("Escape")


def test_the_first_run(open_blender: Callable[..., BlenderWindow]) -> None:
    """Without a key the tab says how to get one."""
    blender = open_blender(key=None)
    blender.open_sidebar()
    blender.over("VIEW_3D")
    left, top, right, _bottom = blender.ask("box('VIEW_3D', 'UI')")
    check_picture(blender, "first-run", [left, top, right - 23, top + 176])  # without the tabs


def test_a_world_is_looked_into(blender: BlenderWindow) -> None:
    """It is seen from inside at once, in color, and can be cropped; the way back is one click."""
    blender.ask(
        "[bpy.data.objects.remove(each) for each in list(bpy.data.objects) if each.type != 'CAMERA'] and None"
    )
    start(blender, "a walled courtyard in orange evening light", kind="WORLD", preset="FAST")
    blender.wait_for("placed", seconds=240)
    space = "area('VIEW_3D').spaces.active"
    blender.wait(
        f"{space}.shading.color_type == 'TEXTURE' and {space}.shading.studio_light == 'mint_world.sl'"
    )
    blender.ask("setattr(bpy.context.view_layer.objects, 'active', bpy.data.objects[roots()[-1]])")
    blender.settle()
    blender.ask("setattr(region('VIEW_3D', 'UI'), 'active_panel_category', 'Mint')")
    check_smooth_picture(blender, "world")
    for _ in range(2):
        blender.call("mint.save_viewpoint", "INVOKE_DEFAULT")
    blender.call("mint.crop_splats", "INVOKE_DEFAULT")
    blender.ask(SMALLER_BOX)
    blender.ask(FROM_ABOVE)
    blender.over()
    check_smooth_picture(blender, "crop", [0, 30, 1310, 765])  # without the toast, which fades
    blender.click("mint.restore_view")
    blender.wait(f"{space}.shading.light == 'STUDIO'")
    assert "decrement error" not in blender.log(), "Blender complains about who uses the panorama"


def test_a_library_and_reference_pictures_from_it(
    open_blender: Callable[..., BlenderWindow], tmp_path: Path
) -> None:
    """One asset is imported, and pictures of others serve as references for something new."""
    with running_service(
        speed=40, assets="real", switches=("poll-hint",), retry_after=0.3
    ) as service:
        pictures = generate(service, tmp_path / "elsewhere")
        # names and order do not depend on ids
        pictures = [
            shutil.copyfile(each, tmp_path / f"{name}{each.suffix}")
            for name, each in zip(("mug", "chest", "lamp"), pictures, strict=False)
        ]
        blender = open_blender(api=service.api, key=service.key)
        blender.open_sidebar()
        blender.ask(EMPTY)
        blender.call("mint.refresh_library")
        blender.wait(f"{VIEW}.library().count() == count", count=len(PROMPTS))
        names = [{"name": each.name} for each in pictures]
        blender.call("mint.add_references", "INVOKE_DEFAULT", directory=f"{tmp_path}/", files=names)
        assert len(blender.ask(LISTED)) == 3
        open_section(blender, "mint_references")
        blender.fill(prompt="a lamp in the style of these")
        check_smooth_picture(blender, "references")
        lamp = blender.ask(
            f"next(each.id for each in {VIEW}.shown({FIELDS}) if 'lamp' in (each.prompt or ''))"
        )
        blender.over()  # on a field, the pointer could be that of somebody who types
        blender.call("mint.import_asset", kind="MODEL", asset_id=lamp)
        blender.wait_for("placed")
        blender.over()
        blender.call("mint.browse_library", "INVOKE_DEFAULT")
        blender.settle()
        check_smooth_picture(blender, "library")


def test_finished_jobs(blender: BlenderWindow) -> None:
    """A finished job is a line with its picture and a button that shows the result."""
    blender.ask(REMOVE_ALL)
    for prompt, kind in list(PROMPTS.items())[1:]:
        start(blender, prompt, kind=kind)
        blender.wait_for("placed", title=prompt, seconds=240)
    blender.ask("setattr(bpy.context.view_layer.objects, 'active', None)")
    blender.wait("not job_service().has_active_work")
    blender.set_sidebar_width(480)
    blender.over("VIEW_3D")
    left, _top, right, _bottom = blender.ask("box('VIEW_3D', 'UI')")
    _, above = blender.find("mint.browse_library")
    check_picture(blender, "jobs", [left + 9, above + 22, right - 32, above + 185])


def test_the_preferences(open_blender: Callable[..., BlenderWindow]) -> None:
    """They begin with the account, what it has cost, and the limits."""
    with running_service(speed=40, switches=("poll-hint",), retry_after=0.3) as service:
        blender = open_blender(api=service.api, key=None)
        blender.ask(ENTER_KEY, addon=ADDON, key=service.key)
        blender.call("mint.generate", prompt="a lamp", preset="FAST", mode="AUTO")
        blender.wait_for("placed")
        blender.ask("bpy.ops.mint.refresh_account() and None")
        blender.wait(f"len({SAID}) >= 2 and not job_service().has_active_work")
        blender.ask(SHOW_PREFERENCES, addon=ADDON)
        blender.over("PREFERENCES")
        for _ in range(6):
            blender.display.press(5, 0.01)
        check_picture(blender, "preferences", [180, 241, 914, 693])


def test_a_price_dialog(blender: BlenderWindow) -> None:
    """The button of a dialog that spends says the price."""
    blender.ask(REMOVE_ALL)
    known_price(blender)
    blender.over()
    blender.until_it_shows(lambda: blender.call("mint.generate", "INVOKE_DEFAULT"))
    blender.type("a small ceramic lamp with an orange shade")
    blender.until_it_shows(lambda: blender.key("Return"))  # ends the text
    check_picture(blender, "price-dialog", [259, 369, 713, 559])
    blender.key("Escape")


KNIGHT = "a knight in blue armor"


def test_from_a_prompt_to_a_walking_character(
    open_blender: Callable[..., BlenderWindow], tmp_path: Path
) -> None:
    """The form of a knight that is animated afterwards, its Preview, and its clips."""
    with running_service(
        speed=SPEED, assets="real", switches=("poll-hint",), retry_after=0.3
    ) as service:
        generate(service, tmp_path / "elsewhere", {"a blue mug": "MODEL"})  # motions have a price
        blender = open_blender(api=service.api, key=service.key)
        blender.ask(EMPTY)
        blender.open_sidebar()
        blender.set_sidebar_width(370)
        blender.fill(kind="MODEL", preset="FAST", review=True, pose="T_POSE", prompt=KNIGHT)
        blender.fill(use_height=True, height=1.8, animate=True, run=True)
        switch_section(blender, "mint_options")
        blender.wait(f"{TOTAL} == 748")
        blender.over()
        left, top, right, _ = blender.ask("box('VIEW_3D', 'UI')")
        check_picture(blender, "character-form", [left, top, right - 23, top + 590])
        switch_section(blender, "mint_options")
        blender.call("mint.generate_from_form")
        blender.wait("any(each['phase'] == 'review' and not each['active'] for each in jobs())")
        blender.over()
        blender.call("mint.review", "INVOKE_DEFAULT")
        blender.in_popup("mint.approve")
        left, top, right, bottom = blender.ask("box('POPUP', '')")
        check_smooth_picture(
            blender, "character-preview", [left + 13, top + 12, right - 13, bottom - 14]
        )
        blender.click_in_popup("mint.approve")
        blender.key("Escape")
        blender.over()
        blender.wait("[each['phase'] for each in jobs()] == ['placed'] * 3", seconds=120)
        blender.ask(SELECT_KNIGHT)
        blender.ask(SHOW, clip="Walk in Place")
        blender.ask(STEP, frame=8)
        blender.over("OUTLINER")
        check_smooth_picture(blender, "character-clips")


def generate(service: Service, home: Path, prompts: dict[str, str] = PROMPTS) -> list[Path]:
    job_service = JobService(fast_config(home), account(service))
    try:
        return [
            _generate(job_service, GenerationRequest(Kind(kind.lower()), prompt, Preset.FAST))
            for prompt, kind in prompts.items()
        ]
    finally:
        job_service.close()


def _generate(job_service: JobService, request: GenerationRequest) -> Path:
    job_id = job_service.start(request).id
    while job_service.job(job_id).phase is not Phase.READY:
        job_service.resume(job_id)  # a quick job service gives up waiting early
        job_service.watch([job_id])
    picture = job_service.job(job_id).file(Role.PICTURE)
    assert picture is not None
    return Path(picture.path)


# Solid, in the colors of the textures: quicker than Material Preview, which Mesa draws in
# software.
EMPTY = """
[bpy.data.objects.remove(each) for each in list(bpy.data.objects)]
space = area('VIEW_3D').spaces.active
space.shading.color_type = 'TEXTURE'
space.region_3d.view_distance = 4.5
space.region_3d.view_location = (0.4, 0, 0.6)
result = None
"""
