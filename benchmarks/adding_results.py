# SPDX-License-Identifier: GPL-3.0-or-later
"""Adding a large result to the scene: how long the window stands still, and until it is there.

Compared in turn, in one window: our import in the background, a direct import with Blender's own
importer, and Blender's own *Append* of the data-blocks that ours has added.

Each way begins when its memory has been free for as long, since the system takes it back after
seconds, and the same append then takes up to five times as long. The shortest of several times is
compared.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import large_model, large_world, main_loop
from .measure import Row, milliseconds
from .window import Studio, studio

TIMES = 5
MODELS = {
    "a model of 490,000 triangles": (490_000, 0.05),
    "such a model whose normals Blender computes by itself": (490_000, 0.0),
    "a model of 1,300,000 triangles": (1_300_000, 0.05),
}
"""How many triangles and how bumpy: what is bumpy has normals of its own."""
ADDED, GENTLER = 16.0, 40.0  # milliseconds beside appending; times gentler than a direct import
LATENCY = 1.0
PAUSE = 6.0
"""Seconds for which a result is generated; the other ways wait as long before they begin."""


@dataclass
class Times:
    """Seconds of each run."""

    ours: list[float] = field(default_factory=list)
    """The longest beat of the add-on, which adds the result and makes the undo step."""
    direct: list[float] = field(default_factory=list)
    appended: list[float] = field(default_factory=list)
    gaps: dict[str, list[float]] = field(default_factory=dict)
    """The longest time between two turns of the main loop, drawing included, by the way."""
    until_placed: list[float] = field(default_factory=list)
    """From Mint's `succeeded` to the object in the scene."""
    curl: list[float] = field(default_factory=list)


def measure() -> Iterator[Row]:
    """Measure models of two sizes, a replacement, a World, and the orbiting view."""
    with studio() as at:
        main_loop.install(at.blender, at.kept)
        at.import_in_background(True)
        for what, (triangles, bumps) in MODELS.items():
            path = at.folder / f"{triangles} {bumps}.glb"
            large_model.write(path, triangles, bumps=bumps)
            at.generator.files = {"glb": path}
            yield from _rows(what, _compare(at, path))
        yield _replaced(at, what)
        yield from _orbiting(at)
        yield from _world(at)


def _rows(what: str, times: Times) -> Iterator[Row]:
    ours, appended, direct = map(min, (times.ours, times.appended, times.direct))
    yield _beside_append(f"{what} is added", ours, appended)
    yield Row(
        f"The same against a direct import of {what}",
        f"≥ {GENTLER:.0f} times gentler",
        f"{direct / ours:.0f} times ({milliseconds(ours)})",
        direct / ours >= GENTLER,
        f"direct import {milliseconds(direct)}",
    )
    gaps = {way: min(values) for way, values in times.gaps.items()}
    mine, *others = [f"{way} {milliseconds(gap)}" for way, gap in gaps.items()]
    yield Row(
        f"Longest gap of the main loop with {what}, its first drawing included",
        "",
        mine,
        None,
        ", ".join(others),
    )
    reference = min(times.curl) + direct
    ratio = min(times.until_placed) / reference
    yield Row(
        f"From Mint's `succeeded` to {what} in the scene",
        f"≤ {LATENCY} × (curl + direct import)",
        f"{ratio:.2f} × ({min(times.until_placed):.2f} s)",
        ratio <= LATENCY,
        f"curl and direct import {reference:.2f} s",
    )


def _beside_append(what: str, ours: float, appended: float) -> Row:
    beside = (ours - appended) * 1000
    return Row(
        f"Main thread while {what}, beside Blender's own append",
        f"≤ {ADDED:.0f} ms more",
        f"{milliseconds(ours)} ({beside:+.1f} ms)",
        beside <= ADDED,
        f"append {milliseconds(appended)}",
    )


def _compare(at: Studio, path: Path) -> Times:
    """Add a result in each way in turn, into an empty scene."""
    times = Times()
    for _ in range(TIMES):
        _start_empty(at)
        beat, job_id = _generate(at)
        times.ours.append(beat)
        _note_gap(at, times, "in the background")
        placed_at = main_loop.phases(at.blender, job_id)["placed"]
        times.until_placed.append(placed_at - at.succeeded_at())
        times.curl.append(_curl(at))
        _start_empty(at, PAUSE)
        times.direct.append(main_loop.call(at.blender, _IMPORT, path=str(path)))
        _note_gap(at, times, "directly")
        _start_empty(at, PAUSE)
        times.appended.append(main_loop.call(at.blender, at.append, path=str(at.kept)))
        _note_gap(at, times, "appended")
    return times


_IMPORT = "bpy.ops.import_scene.gltf('EXEC_DEFAULT', True, filepath=path)"


def _start_empty(at: Studio, pause: float = 0.0) -> None:
    at.blender.fresh()
    at.blender.ask("bpy.data.batch_remove(bpy.data.objects)")
    at.blender.ask("bpy.data.orphans_purge(do_recursive=True)")
    _settle(at)
    time.sleep(pause)
    main_loop.reset(at.blender)


def _generate(at: Studio, **settings: Any) -> tuple[float, str]:
    """Generate a result; return the longest beat and the id of the job."""
    at.kept.unlink(missing_ok=True)
    _start(at, **settings)
    at.blender.wait("jobs() and jobs()[0]['phase'] == 'placed'", seconds=120)
    return main_loop.longest_beat(at.blender), at.blender.jobs()[0]["id"]


def _start(at: Studio, **settings: Any) -> None:
    at.blender.fill(**{"prompt": "a lamp", "review": False, "preset": "FAST", **settings})
    at.blender.call("mint.generate_from_form")


def _note_gap(at: Studio, times: Times, way: str) -> None:
    _settle(at)
    times.gaps.setdefault(way, []).append(main_loop.gap(at.blender))


def _settle(at: Studio) -> None:
    """Wait until what was added is drawn."""
    time.sleep(0.3)
    at.blender.settle()
    time.sleep(0.3)


def _curl(at: Studio) -> float:
    """Return how long curl takes for the file that the job has downloaded."""
    url = at.blender.ask("job_service().jobs()[0].files[-1].url")
    begun = time.perf_counter()
    subprocess.run(["curl", "-s", "-o", str(at.folder / "curl.glb"), url], check=True)
    return time.perf_counter() - begun


def _replaced(at: Studio, what: str) -> Row:
    """Replace the model by itself several times, beside the append that is a part of it.

    Another append takes up to twice as long or half, as the system gives new memory or used one.
    """
    _start_empty(at)
    _generate(at)
    times = []
    for _ in range(TIMES):
        _settle(at)
        time.sleep(PAUSE)
        whole = main_loop.call(at.blender, _REPLACE, path=str(at.kept))
        times.append((whole, main_loop.appended(at.blender)))
    return _beside_append(f"{what} is replaced", *min(times))


_REPLACE = """(
    part('scene.update.replace').replace_model(
        part('scene.prepared').PreparedResult(
            part('scene.prepared').Path(path), (), ((-1, -1, -1), (1, 1, 1))
        ),
        part('scene.tags').Provenance(job_id='new', prompt='a lamp'),
        bpy.data.objects[roots()[0]],
    ),
    part('scene.undo_step').push('a lamp'),
)"""


def _orbiting(at: Studio) -> Iterator[Row]:
    """Turn the view with the mouse, without a job and while one arrives."""
    for what, is_generating in (("without a job", False), ("while it is being prepared", True)):
        _start_empty(at)
        if is_generating:
            at.kept.unlink(missing_ok=True)
            _start(at)
        main_loop.reset(at.blender)
        _orbit(at, seconds=8.0)
        gap = main_loop.gap(at.blender)
        if is_generating:
            at.blender.wait("jobs()[0]['phase'] == 'placed'", seconds=120)
        yield Row(
            f"Longest gap of the main loop while the view is turned, {what}",
            "",
            milliseconds(gap),
            None,
        )


def _orbit(at: Studio, seconds: float) -> None:
    """Drag with the middle mouse button; the import waits until the button is released."""
    at.blender.over()
    display = at.blender.display
    display.tool("mousedown", 2)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        for step in (-12, 12):
            for _ in range(10):
                display.tool("mousemove_relative", "--", step, 3 if step > 0 else -3)
                time.sleep(0.01)
    display.tool("mouseup", 2)


def _world(at: Studio) -> Iterator[Row]:
    """Add a World in both ways of ours, since no other importer brings a whole one."""
    at.generator.files = large_world.write(at.folder)
    beats: dict[bool, list[float]] = {True: [], False: []}
    appended = []
    for _ in range(TIMES):
        for in_background in (False, True):  # the last one is appended
            at.import_in_background(in_background)
            _start_empty(at)
            beats[in_background].append(_generate(at, kind="WORLD", splats="500k")[0])
        _start_empty(at, PAUSE)
        appended.append(main_loop.call(at.blender, at.append, path=str(at.kept)))
    background, direct = min(beats[True]), min(beats[False])
    what = f"a World ({large_world.TRIANGLES:,} triangles, {large_world.SPLATS:,} splats)"
    yield _beside_append(f"{what} is added", background, min(appended))
    yield Row(
        "The same against importing it in the window",
        f"≥ {GENTLER:.0f} times gentler",
        f"{direct / background:.0f} times ({milliseconds(direct)} against"
        f" {milliseconds(background)})",
        direct / background >= GENTLER,
    )
