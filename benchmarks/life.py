# SPDX-License-Identifier: GPL-3.0-or-later
"""The longest call of the add-on in each step of its life, from enabling to disabling."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

from tests.window.blender_window import ROOT, BlenderWindow

from . import held_time
from .measure import Row, milliseconds
from .window import studio

GOAL = 0.05
ENABLE = """
sys.path.insert(0, inside)  # for `drawing_meter`
addon_utils.enable(MODULE)
addon = bpy.context.preferences.addons[part("").__package__]
addon.preferences.import_in_background = True
"""
FETCH = """
model = next(each for each in job_service().jobs() if each.title == "a lamp")
delivery = part("jobs.job_values").Delivery(replaces=True, document="another", scene="Scene")
job_service().fetch(model.asset, delivery)
part("ui.heartbeat").ensure()
"""
DRAW = """
import time
def draw_once():
    begun = time.perf_counter()
    bpy.ops.wm.redraw_timer(type='DRAW_WIN_SWAP', iterations=1)
    return time.perf_counter() - begun
with within('VIEW_3D'):
    result = [draw_once() for _ in range(5)]
"""
Step = tuple[str, list[Callable[[], object]]]


def measure() -> Iterator[Row]:
    """Yield the table's rows."""
    with studio() as place:
        blender = place.blender
        drawing = median(blender.ask(DRAW))
        blender.leave()
        held_time.install(blender)
        for name, acts in _steps(blender, str(place.folder / "a.blend")):
            held_time.reset(blender)
            for act in acts:
                act()
            blender.settle()
            longest = {each: max(times) for each, times in held_time.stretches(blender).items()}
            worst = max(longest, key=longest.__getitem__, default="nothing")
            seconds = longest.get(worst, 0.0)
            beside = f"Blender draws its window once: {milliseconds(drawing)}"
            what = f"The longest call: {name} ({worst})"
            yield Row(what, "≤ 50 ms", milliseconds(seconds), seconds <= GOAL, beside)


def _steps(blender: BlenderWindow, file: str) -> list[Step]:
    call, wait_for = blender.call, blender.wait_for

    def generate(kind: str, prompt: str, mode: str) -> None:
        call("mint.generate", kind=kind, prompt=prompt, mode=mode, preset="FAST")

    def job() -> str:
        newest: str = blender.jobs()[0]["id"]
        return newest

    loaded = "not part('ui.session').current().on_first_use"
    revised = "jobs()[0]['phase'] == 'review' and jobs()[0]['previews'] == 2"
    inside = str(ROOT / "benchmarks" / "inside")
    return [
        ("enabling", [lambda: blender.ask(ENABLE, inside=inside), lambda: blender.wait(loaded)]),
        ("the first tab", [blender.open_sidebar]),
        ("the first click", [lambda: generate("MODEL", "a lamp", "REVIEW")]),
        ("a Preview", [lambda: wait_for("review", title="a lamp")]),
        (
            "a revision",
            [
                lambda: call("mint.revise", job_id=job(), feedback="taller"),
                lambda: blender.wait(revised),
            ],
        ),
        ("an approval", [lambda: call("mint.approve", job_id=job())]),
        ("a model arrives", [lambda: wait_for("placed", title="a lamp")]),
        (
            "a World arrives",
            [
                lambda: generate("WORLD", "a courtyard", "AUTO"),
                lambda: wait_for("placed", title="a courtyard"),
            ],
        ),
        (
            "a replacement",
            [
                lambda: blender.ask(FETCH),
                lambda: wait_for("ready"),
                lambda: call("mint.place", job_id=job()),
                lambda: blender.wait("jobs()[0]['phase'] == 'placed'"),
            ],
        ),
        (
            "a library of 5,000",
            [
                lambda: call("mint.browse_library", "INVOKE_DEFAULT"),
                lambda: blender.ask("__import__('drawing_meter').fill_library(5000)"),
            ],
        ),
        ("saving", [lambda: call("wm.save_as_mainfile", filepath=file)]),
        ("disabling", [blender.leave]),
    ]
