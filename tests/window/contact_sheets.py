# SPDX-License-Identifier: GPL-3.0-or-later
"""Contact sheets of what people see: each state in three languages, two sizes and two themes.

    python -m tests.window.contact_sheets FOLDER [STATE…]

Nothing is compared: the sheets are for a person who looks for what is cut off, gray or ugly.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from tests.mint_service.runner import running_service

from ..scene.rig_fixtures import Clip, Rig
from .blender_window import ADDON, BlenderWindow, make_profile
from .display import Display
from .sections import open_section
from .test_block_out import SELECT
from .test_clips import PLACE
from .test_jobs import start
from .test_languages import SWITCH
from .test_pictures import SHOW_PREFERENCES

SIZES = ((1200, 760), (1920, 1080))
LANGUAGES = ("en_US", "de_DE", "ja_JP")
THEMES = ("dark", "light")
State = Callable[[BlenderWindow], str]
"""Brings a state about, and returns what is to be seen: "sidebar", "window" or how to open a popup."""

THEME = """
import os
folder = bpy.utils.preset_paths("interface_theme")[0]
path = next(
    os.path.join(folder, each) for each in os.listdir(folder) if name in each.lower()
)
bpy.ops.script.execute_preset(filepath=path, menu_idname="USERPREF_MT_interface_theme_presets")
"""
PHASES = """
from dataclasses import replace
make, values, P = part('jobs.new_jobs'), part('jobs.job_values'), part('jobs.phases').Phase
request, schema = part('mint.generation_request').GenerationRequest, part('mint.schema')
messages, Message = part('jobs.presentation.error_messages'), part('message').Message
def a_job(title, phase=None, problem=None, candidates=()):
    job = make.new_job(request(schema.Kind.MODEL, title), values.Delivery(), now=len(found) + 1.0)
    found.append(replace(job, phase=phase or P.PAUSED, problem=problem, candidates=candidates))
found = []
lost = make.new_job(request(schema.Kind.MODEL, 'a lamp'), values.Delivery(), now=1.0, estimate=798.0)
some = (values.Candidate('mdl_1', 'a small ceramic lamp', 1.0), values.Candidate('mdl_2', 'a lamp', 2.0))
a_job('a lamp nobody answered for', problem=messages.unanswered(lost), candidates=some)
a_job('a chair', problem=messages.looking(3600.0))
a_job('a table', problem=messages.awaits_person(lost))
a_job('a stool', problem=messages.internal(ValueError()))
a_job('a vase', P.FAILED, messages.no_file('The file is damaged.'))
a_job('a soldier', P.CANCELED)
a_job('a wooden treasure chest with iron bands', P.READY)
a_job('a green bottle', P.PLACED)
job_service().cache.add(*found)
part('ui.heartbeat').jobs_changed(job_service())
part('ui.heartbeat').redraw()
result = [each.id for each in found]
"""
APPROVE_AND_LEAVE = """
call('mint.approve', job_id=job)
bpy.context.preferences.system.use_online_access = False
"""
IN_FLIGHT = {
    "a wooden chest [stuck]": "working",
    "a garden bench [no-credits]": "billing",
    "a soldier [moderation]": "failed",
    "a red chair": "placed",
}


def _first_run(blender: BlenderWindow) -> str:
    blender.ask("setattr(bpy.context.preferences.system, 'use_online_access', False)")
    return "sidebar"


def _form(blender: BlenderWindow) -> str:
    blender.fill(prompt="a small ceramic lamp with an orange shade")
    open_section(blender, "mint_options")
    return "sidebar"


def _form_of_a_world(blender: BlenderWindow) -> str:
    blender.fill(kind="WORLD", prompt="a walled courtyard in orange evening light")
    return "sidebar"


def _references(blender: BlenderWindow) -> str:
    folder = Path(__file__).parents[2] / "docs" / "images"
    names = [{"name": "lamp.png"}, {"name": "preview.png"}]
    open_section(blender, "mint_references")
    blender.call("mint.add_references", "INVOKE_DEFAULT", directory=f"{folder}/", files=names)
    return "sidebar"


def _price(blender: BlenderWindow) -> str:
    return "bpy.ops.mint.generate('INVOKE_DEFAULT', prompt='a lamp', preset='FAST')"


def _optimize(blender: BlenderWindow) -> str:
    start(blender, "a lamp")
    blender.wait_for("placed", seconds=240)
    asset = blender.ask("part('jobs.job').asset_of(job_service().jobs()[0])")
    return f"bpy.ops.mint.optimize('INVOKE_DEFAULT', asset_id={asset!r})"


def _rows(blender: BlenderWindow) -> str:
    for prompt, phase in IN_FLIGHT.items():
        start(blender, prompt)
        blender.wait("any(each['phase'] == phase for each in jobs())", phase=phase)
    _waiting(blender)
    return "sidebar"


def _stopped(blender: BlenderWindow) -> str:
    blender.ask("part('ui.session').service() and None")
    blender.ask(PHASES)
    return "sidebar"


def _menu(number: int) -> State:
    def state(blender: BlenderWindow) -> str:
        blender.ask("part('ui.session').service() and None")
        job = blender.ask(PHASES)[number]
        return f"bpy.ops.mint.job_menu('INVOKE_DEFAULT', job_id={job!r})"

    return state


def _waiting(blender: BlenderWindow, kind: str = "MODEL") -> str:
    blender.fill(preset="FAST", prompt="a lamp", kind=kind)
    blender.settle()
    start(blender, "a small ceramic lamp with an orange shade", mode="REVIEW", kind=kind)
    blender.wait_for("review", title="orange", seconds=240)
    return "bpy.ops.mint.review('INVOKE_DEFAULT')"


def _revised(blender: BlenderWindow) -> str:
    opening = _waiting(blender)
    blender.call("mint.revise", job_id=blender.jobs()[0]["id"], feedback="make the shade blue")
    blender.wait("jobs()[0]['previews'] == 2 and jobs()[0]['phase'] == 'review'", seconds=240)
    return opening


def _drafted(blender: BlenderWindow) -> str:
    opening = _revised(blender)
    blender.ask("part('ui.review.card_state').write(jobs()[0]['id'], 'taller, and in brass')")
    return opening


def _decided(blender: BlenderWindow) -> str:
    _waiting(blender)
    blender.ask(APPROVE_AND_LEAVE, job=blender.jobs()[0]["id"])
    return f"bpy.ops.mint.review('INVOKE_DEFAULT', job_id={blender.jobs()[0]['id']!r})"


def _canceling(blender: BlenderWindow) -> str:
    _waiting(blender)
    return f"bpy.ops.mint.cancel('INVOKE_DEFAULT', job_id={blender.jobs()[0]['id']!r})"


def _chips(blender: BlenderWindow) -> str:
    _rows(blender)
    return "window"


def _arrived(blender: BlenderWindow) -> str:
    start(blender, "a small ceramic lamp with an orange shade")
    blender.wait_for("placed", seconds=240)
    return "window"


def _inside(blender: BlenderWindow) -> str:
    start(blender, "a walled courtyard in orange evening light", kind="WORLD")
    blender.wait_for("placed", seconds=120)
    blender.ask(SELECT)
    return "window"


def _library(blender: BlenderWindow) -> str:
    blender.call("mint.refresh_library")
    blender.over()
    blender.call("mint.browse_library", "INVOKE_DEFAULT")
    return "window"


def _block_out(blender: BlenderWindow) -> str:
    blender.fill(prompt="a wardrobe", preset="FAST", review=False, place="SELECTED")
    blender.call("mint.generate_from_form")
    blender.wait_for("placed", seconds=240)
    blender.ask(SELECT)
    return "sidebar"


def _clips(blender: BlenderWindow) -> str:
    run = Clip("Armature|Running|baselayer", seconds=1.0)
    path = Rig().save(Path(tempfile.mkdtemp()) / "knight.glb", Clip(), run)
    blender.ask(PLACE, path=str(path))
    return "sidebar"


def _preferences(blender: BlenderWindow) -> str:
    blender.ask(SHOW_PREFERENCES, addon=ADDON)
    return "preferences"


STATES: dict[str, State] = {
    "first_run": _first_run,
    "form": _form,
    "form_world": _form_of_a_world,
    "references": _references,
    "price": _price,
    "optimize": _optimize,
    "rows": _rows,
    "stopped": _stopped,
    **{f"menu_{number}": _menu(number) for number in range(8)},
    "card": _waiting,
    "card_world": lambda blender: _waiting(blender, "WORLD"),
    "card_versions": _revised,
    "card_draft": _drafted,
    "card_decided": _decided,
    "cancel": _canceling,
    "chips": _chips,
    "arrived": _arrived,
    "inside": _inside,
    "library": _library,
    "block_out": _block_out,
    "clips": _clips,
    "preferences": _preferences,
}


def make(blender: BlenderWindow, name: str, folder: Path) -> None:
    """Bring a state about, and save its sheet."""
    resize(blender, SIZES[0])
    blender.fresh()
    shown = STATES[name](blender)
    if shown == "sidebar":
        tiles = [tile for size in SIZES for tile in _tiles(blender, shown, size)]
        sheet(tiles, 2 * len(LANGUAGES)).save(folder / f"{name}.png")
        return
    sizes = SIZES[:1] if "job_menu" in shown else SIZES
    for size in sizes:
        columns = 2 if shown in ("window", "preferences") else 3
        tiles = list(_tiles(blender, shown, size))
        sheet(tiles, columns).save(folder / f"{name}_{size[0]}.png")


def _tiles(blender: BlenderWindow, shown: str, size: tuple[int, int]) -> Iterator[Image.Image]:
    """Yield what is shown in each language and theme."""
    resize(blender, size)
    for theme, language in product(THEMES, LANGUAGES):
        blender.ask(THEME, name=theme)
        blender.ask(SWITCH, language=language)
        if shown == "preferences":
            blender.over("PREFERENCES")
        elif shown != "window":
            blender.over()
        blender.settle()
        before = look(blender, size)
        if shown == "sidebar":
            left, top, right, bottom = blender.ask("box('VIEW_3D', 'UI')")
            tile = before.crop((left, top, right, min(bottom, top + 700)))
        elif shown in ("window", "preferences"):
            tile = before.resize((760, 760 * size[1] // size[0]), Image.Resampling.LANCZOS)
        else:
            blender.ask(f"with within('VIEW_3D'):\n    {shown}")
            time.sleep(0.3)
            blender.settle()
            tile = _popup(blender, before, look(blender, size))
            blender.key("Escape")
            blender.settle()
        draw = ImageDraw.Draw(tile)
        draw.text((2, 2), f"{language} {theme} {size[0]}", fill=(255, 0, 255))
        yield tile
    blender.ask(SWITCH, language="en_US")
    blender.ask(THEME, name="dark")


def resize(blender: BlenderWindow, size: tuple[int, int]) -> None:
    """Give Blender's window another size."""
    found = blender.display.tool("search", "--onlyvisible", "--pid", blender.process.pid)
    for each in found.split():
        blender.display.tool("windowsize", each, *size)
        blender.display.tool("windowmove", each, 0, 0)
    blender.wait("[window().width, window().height] == size", size=list(size))
    blender._known.clear()
    blender.settle()


def look(blender: BlenderWindow, size: tuple[int, int]) -> Image.Image:
    """Return what is seen in Blender's window, once it is still."""
    return Image.frombytes("RGB", SIZES[-1], blender.display.still()).crop((0, 0, *size))


def _popup(blender: BlenderWindow, before: Image.Image, after: Image.Image) -> Image.Image:
    """Return the card or dialog in front, or a menu, which only its pixels tell."""
    left, top, right, bottom = blender.ask("box('POPUP', '')")
    found = after.crop((left, top, right, bottom)) if right > left else changed(before, after)
    found.thumbnail((480, 700), Image.Resampling.LANCZOS)
    return found


def changed(before: Image.Image, after: Image.Image) -> Image.Image:
    """Return the part of a picture that is another one than before."""
    apart = np.abs(np.asarray(after, np.int16) - np.asarray(before, np.int16)).max(axis=2) > 12
    rows, columns = np.nonzero(apart)
    if not len(rows):
        return Image.new("RGB", (200, 40), (120, 0, 0))
    low = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
    return after.crop(low)


def sheet(tiles: list[Image.Image], columns: int) -> Image.Image:
    """Return pictures side by side, in rows."""
    wide, high = max(each.width for each in tiles) + 8, max(each.height for each in tiles) + 8
    rows = -(-len(tiles) // columns)
    whole = Image.new("RGB", (columns * wide, rows * high), (90, 90, 120))
    for number, each in enumerate(tiles):
        whole.paste(each, (number % columns * wide, number // columns * high))
    return whole


def main(folder: Path, names: list[str]) -> None:
    """Make the sheets of these states, by default of all."""
    folder.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="contact-sheets-"))
    display = Display(work, SIZES[-1])
    profile = make_profile(work / "installed")
    with running_service(
        speed=20,
        assets="real",
        credits=1e6,
        switches=("poll-hint",),
        retry_after=0.3,
        library={"models": 12},
        cancel="everywhere",
    ) as service:
        blender = BlenderWindow(display, profile, work / "home", api=service.api, key=service.key)
        try:
            for name in names or STATES:
                try:
                    make(blender, name, folder)
                    print(name, flush=True)
                except AssertionError as error:
                    print(name, "failed:", error, flush=True)
                    blender.key("Escape")
        finally:
            (folder / "blender.log").write_text(blender.log(), encoding="utf-8")
            blender.close()
            display.close()
            shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
