# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done with a result: a model of 120,000 faces, and a World of 500,000 splats.

Processor seconds of this process, which other work on the machine does not change. The model is a
sphere with two textures of 2,048 pixels, the World is the courtyard of the stand-in.

*Mix with Scene Light* took 6 seconds with a call for each splat to find the nearest triangle of the
collider. Since Blender's nodes find all of them at once, it takes 1.3.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.mint_service.asset_generator import sample_files

from . import large_model
from .measure import Row

FACES = 120_000
WITHOUT_HITCH = 1.0
"""Seconds in which a shadow has to follow what throws it."""


def measure() -> Iterator[Row]:
    """Yield the table's rows."""
    with tempfile.TemporaryDirectory(prefix="mint-benchmark-") as name:
        folder = Path(name)
        yield from _model_rows(folder)
        yield from _world_rows(folder)


def _row(what: str, call: Callable[[], object], goal: float | None = None) -> Row:
    begun = time.process_time()
    call()
    seconds = time.process_time() - begun
    return Row(
        what,
        f"≤ {goal:.0f} s" if goal else "",
        f"{seconds:.1f} s",
        seconds <= goal if goal else None,
    )


def _model_rows(folder: Path) -> Iterator[Row]:
    from mint_blender.files.export_options import TARGETS, ExportOptions
    from mint_blender.scene.after import export, lighter, versions, writers
    from mint_blender.scene.export.output import start_empty
    from mint_blender.scene.place import place_model
    from mint_blender.scene.tags import Provenance

    start_empty()
    large_model.write(folder / "model.glb", FACES)
    root = place_model(folder / "model.glb", Provenance(job_id="j", name="Ball")).root
    for word, target in list(TARGETS.items())[:5]:
        if writers.problem(word) is not None:
            continue
        levels = 3 if target.has_levels else 0
        options = ExportOptions(word, lods=levels, collision="hull", texture=1024)
        more = f", {levels} levels of detail" if levels else ""
        yield _row(
            f"Export for {target.name}: hull, textures of 1K{more}",
            lambda: export.export_model(root, options, folder / f"ball{target.suffix}"),  # noqa: B023
        )
    for faces, size in ((5000, 1024), (3000, 2048)):
        yield _row(
            f"Make Lighter: {faces:,} faces, textures of {size}",
            lambda: lighter.save_lighter(root, faces, size, folder / "light.blend"),  # noqa: B023
        )
    yield _row(
        "Levels of Detail: 60,000, 30,000 and 15,000 faces",
        lambda: versions.save_levels(root, 3, folder / "levels.blend"),
    )


def _world_rows(folder: Path) -> Iterator[Row]:
    import bpy

    from mint_blender.scene.after import light, splats
    from mint_blender.scene.export.output import start_empty
    from mint_blender.scene.place import PlaceOptions, place_world
    from mint_blender.scene.tags import Provenance
    from mint_blender.scene.world.files import WorldFiles

    start_empty()
    files: dict[str, Any] = {"collider": folder / "collider.glb", "splats": folder / "splats.spz"}
    files["collider"].write_bytes(sample_files.read("world/collider.glb.xz"))
    files["splats"].write_bytes(sample_files.splats("500k"))
    place = Provenance(job_id="w", name="Courtyard", kind="world")
    root = place_world(WorldFiles(**files), place, PlaceOptions(at=(0, 0, 0))).root
    part: Any = splats.splats_of(root)[0]
    layer: Any = bpy.context.view_layer
    for modifier in part.modifiers:
        modifier.show_viewport = False  # what draws the splats takes its time with any of these
    bpy.ops.object.light_add(type="SUN", rotation=(0.3, 1.0, 0))
    bpy.ops.mesh.primitive_monkey_add(size=1, location=(0, 1.3, 0.6))
    caster: Any = bpy.context.object

    def shadow() -> None:
        light.ground_shadow(caster)
        layer.update()

    def move() -> None:
        caster.location.x += 0.5
        layer.update()

    layer.update()
    count = f"{len(part.data.attributes['position'].data):,} splats"
    yield _row(f"Ground Shadow on {count}, for the first time", shadow, WITHOUT_HITCH)
    yield _row(f"Ground Shadow on {count}, after a move", move, WITHOUT_HITCH)
    yield _row(f"Mix with Scene Light, {count}", lambda: light.mix_with_scene_light(root, 0.6))
    ply, spz = folder / "saved.ply", folder / "saved.spz"
    yield _row(f"Save Splats, {count}, PLY", lambda: splats.save_splats(part, ply))
    yield _row(f"Save Splats, {count}, SPZ", lambda: splats.save_splats(part, spz))

    def crop() -> None:
        splats.crop(part).scale *= 0.5
        layer.update()

    yield _row(f"Crop Splats, {count}", crop)
    yield _row("End Crop, Remove Outside", lambda: splats.end_crop(part, remove_outside=True))
