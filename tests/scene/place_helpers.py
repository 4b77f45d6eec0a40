# SPDX-License-Identifier: GPL-3.0-or-later
"""A provenance, and the extent of what was placed. Needs bpy."""

from __future__ import annotations

from mint_blender.scene.bounds import bounds
from mint_blender.scene.place import PlacedResult, PlaceOptions, Provenance

LAMP = Provenance(
    job_id="job_1",
    operation_id="op_1",
    asset_id="mdl_1",
    kind="model",
    prompt="a small ceramic lamp with an orange shade",
    name="Ceramic Lamp",
    preset="fast",
    mint_url="https://mint.gg/models/mdl_1",
    file_used="original",
    file_reason="The original file is used: there is no optimized one.",
    created_at="2026-01-02T03:04:05Z",
)
PLAIN = Provenance(job_id="j", name="Lamp")
ORIGIN = PlaceOptions(at=(0, 0, 0))
ASIDE = PlaceOptions(at=(1, 0, 0))


def extent(placed: PlacedResult) -> tuple[list[float], list[float]]:
    """Return the lowest and the highest corner of what was placed, in the scene, rounded."""
    low, high = bounds(placed.objects)
    return [round(value, 4) + 0.0 for value in low], [round(value, 4) + 0.0 for value in high]
