# SPDX-License-Identifier: GPL-3.0-or-later
"""Make Lighter and the export for an engine in the window: clicks, dialogs, and one undo step."""

from __future__ import annotations

from pathlib import Path

import pytest

from .blender_window import BlenderWindow

pytestmark = pytest.mark.window

PLACE = """
bpy.data.objects.remove(bpy.data.objects['Cube'])
bpy.ops.mesh.primitive_uv_sphere_add(segments=128, ring_count=128)
root = bpy.context.object
root.name = 'Ball'
part('scene.tags').write(root, part('scene.tags').Provenance(job_id='j', asset_id='mdl_1'))
bpy.ops.ed.undo_push(message='Ball')
"""
SHOWN = "[(each.name, each.visible_get()) for each in bpy.data.objects if 'Ball' in each.name]"


def confirm(blender: BlenderWindow, where: tuple[int, int], picture: str) -> None:
    """Confirm the dialog whose first field is under the pointer, from its title above that."""
    blender.screenshot(picture)
    blender.point_at(where[0], where[1] - 40)
    blender.settle()
    blender.key("Return")


@pytest.mark.feature("export for engines")
@pytest.mark.feature("lighter models")
def test_a_model_is_made_lighter_and_exported(blender: BlenderWindow, tmp_path: Path) -> None:
    """The window goes on meanwhile; one undo brings the full model back; an export has none."""
    blender.ask(PLACE)
    blender.settle()
    where = blender.find("mint.make_lighter")
    blender.click("mint.make_lighter")
    confirm(blender, where, "make-lighter")
    blender.wait("'Ball Light' in bpy.data.objects")
    both = [["Ball", False], ["Ball Light", True]]
    assert blender.ask(f"result = {SHOWN}") == both
    blender.click('mint.show_version(name="Ball Light", beside=True')
    assert blender.ask(f"result = {SHOWN}") == [["Ball", True], ["Ball Light", True]]
    blender.screenshot("side-by-side")
    blender.ask("bpy.ops.ed.undo()")
    blender.click('mint.show_version(name="Ball"')
    assert blender.ask(f"result = {SHOWN}") == [["Ball", True], ["Ball Light", False]]
    blender.ask("bpy.ops.ed.undo()")
    assert blender.ask(f"result = {SHOWN}") == both
    blender.ask("bpy.ops.ed.undo()")
    assert blender.ask(f"result = {SHOWN}") == [["Ball", True]]
    where = blender.find("mint.levels_of_detail")
    blender.click("mint.levels_of_detail")
    confirm(blender, where, "levels-of-detail")
    blender.wait("'Ball_LOD3' in bpy.data.objects")
    blender.click('mint.show_version(name="Ball_LOD1"')
    shown = [name for name, is_shown in blender.ask(f"result = {SHOWN}") if is_shown]
    assert shown == ["Ball_LOD1"]
    blender.ask("bpy.ops.ed.undo()")
    blender.ask("bpy.ops.ed.undo()")
    assert blender.ask(f"result = {SHOWN}") == [["Ball", True]]
    blender.point_at(600, 400)
    blender.call("mint.export", "INVOKE_DEFAULT", engine="unity", folder=str(tmp_path))
    confirm(blender, (600, 400), "export-for-unity")
    blender.wait(f"__import__('os').path.exists({str(tmp_path / 'Ball.fbx')!r})")
    written = (tmp_path / "Ball.fbx").stat().st_mtime_ns
    for answer in ("Escape", "Return"):
        blender.point_at(600, 400)
        blender.call("mint.export", "INVOKE_DEFAULT", engine="unity", folder=str(tmp_path))
        confirm(blender, (600, 400), "export-again")
        blender.settle()
        blender.display.still()
        blender.screenshot("export-replaces")
        assert (tmp_path / "Ball.fbx").stat().st_mtime_ns == written, "it was replaced unasked"
        blender.until_it_shows(lambda key=answer: blender.key(key))
    blender.wait(
        "__import__('os').stat(path).st_mtime_ns > written",
        path=str(tmp_path / "Ball.fbx"),
        written=written,
    )
    usd = "part('scene.after.writers').problem('usd')"
    assert blender.ask(f"result = str({usd})").startswith("This Blender cannot write USD.")
    blender.ask("bpy.ops.ed.redo()")
    assert len(blender.ask(f"result = {SHOWN}")) == 4  # the export is no undo step
