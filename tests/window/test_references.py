# SPDX-License-Identifier: GPL-3.0-or-later
"""Reference images: captured views."""

from __future__ import annotations

from pathlib import Path

import pytest

from mint_blender.files import pictures as files_pictures

from .blender_window import BlenderWindow

pytestmark = pytest.mark.window

LISTED = "[(each.name, each.source, each.problem, each.note) for each in bpy.context.window_manager.mint_references]"

# How much of the picture is an edge (a scrambled one is nothing else), and how much brighter its
# brightest part is than its darkest.
LOOK_AT = """
import numpy
image = bpy.data.images.load(path)
values = numpy.empty(len(image.pixels), numpy.float32)
image.pixels.foreach_get(values)
values = values.reshape(image.size[1], image.size[0], 4)
bpy.data.images.remove(image)
edges = numpy.abs(numpy.diff(values[..., :3], axis=1)).max(axis=2) > 0.1
result = [float(edges.mean()), float(values[..., 0].max() - values[..., 0].min())]
"""


def test_a_view_is_captured(blender: BlenderWindow) -> None:
    """The picture has content; overlays, selection and output settings are unchanged."""
    look = "(area('VIEW_3D').spaces.active.overlay.show_overlays, bpy.context.scene.render.filepath, scene())"
    before = blender.ask(look)
    images = blender.ask("sorted(each.name for each in bpy.data.images)")
    assert blender.call("mint.add_reference_view") == ["FINISHED"]
    ((_, source, problem, _),) = blender.ask(LISTED)
    found = files_pictures.inspect(Path(source))
    assert (found.format, problem) == ("png", "")
    assert found.width and found.height
    edges, contrast = blender.ask(LOOK_AT, path=source)
    assert edges < 0.02
    assert contrast > 0.2, "the cube cannot be seen"
    assert blender.ask(look) == before
    assert blender.ask("sorted(each.name for each in bpy.data.images)") == images
