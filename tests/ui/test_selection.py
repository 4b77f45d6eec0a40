# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel of the selected result, what drawing it costs, and what else is read of the context."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from bpy_extras.object_utils import world_to_camera_view

from mint_blender.scene import assets, picture, tags
from mint_blender.scene.place import place_model
from mint_blender.scene.world import world_objects
from mint_blender.ui import panel as main_panel
from mint_blender.ui import session, text_fields, typed_context
from mint_blender.ui.selection import panel, selected
from mint_blender.ui.worlds import operators

from ..code.sources import PACKAGE, sources
from ..harness.call_counts import count_lines
from ..scene import glb_fixtures, synthetic_world
from ..scene.place_helpers import LAMP
from .drawings import drawn_by, in_class, sidebar


def drawn(width: int = 300) -> Counter[str]:
    """Return what the panel draws for the active object; nothing if it is not shown."""
    context = sidebar(width=width)
    title = panel.title(context)
    if not title:
        return Counter()
    header, body = drawn_by(panel.draw_header), drawn_by(panel.draw, context)
    menu = drawn_by(in_class(panel.MINT_MT_selection.draw), context)
    return header + body + menu + Counter([title])


def activate(each: Any) -> None:
    """Make an object active, as a click does, and let what a timer does be done."""
    bpy.context.view_layer.objects.active = each
    selected.prepare()


@pytest.fixture
def lamp(registered: None, model: Path) -> Any:
    """Place a model of Mint, which is active."""
    root = place_model(model, LAMP).root
    activate(root)
    return root


def test_a_model_is_described(lamp: Any) -> None:
    """Its name, faces and size; what can be made of it; its prompt."""
    found = drawn()
    assert found["Ceramic Lamp"] == 1 and found["Fast"] == 0
    assert found["12 faces · 1 m × 1 m × 1 m"] == 1
    for operator in (
        "optimize",
        "use_prompt",
        "replace_model",
        "open_in_mint",
    ):
        assert found[f"mint.{operator}"] == 1
    assert found["mint.animate"] == 0, "nothing says that it is a humanoid"
    lamp.scale = (-1, 1, 2)
    bpy.context.view_layer.update()
    selected.prepare()
    lamp.rotation_euler = (0, 0, 0.5)  # the box around the turned box is larger
    bpy.context.view_layer.update()
    selected.prepare()
    assert drawn()["12 faces · 1 m × 1 m × 2 m"] == 1


def test_only_what_is_selected_is_called_so(lamp: Any) -> None:
    """An active object need not be selected."""
    title = f"Selected: {lamp.name}"
    lamp.select_set(True)
    assert drawn_by(main_panel.draw_selected, sidebar())[title] == 1
    lamp.select_set(False)
    found = drawn_by(main_panel.draw_selected, sidebar())
    assert found[lamp.name] == 1 and not found[title]


def test_a_picture_is_set_up_with_a_click(lamp: Any) -> None:
    """Ground, light and camera are in a collection of their own; the next one takes its place."""
    bpy.context.scene.render.resolution_x = 600
    sky = bpy.context.scene.world = bpy.data.worlds.new("My Sky")
    for _ in range(2):
        assert bpy.ops.mint.picture() == {"FINISHED"}
        (made,) = (each for each in bpy.data.collections if each.get(picture.MARK))
        assert bpy.context.scene.camera in made.objects[:]
        assert sorted(each.type for each in made.objects) == ["CAMERA", "LIGHT", "LIGHT", "MESH"]
    assert sky.use_fake_user, "it is saved with the file, although the scene shows another World"
    assert [each.users for each in bpy.data.worlds if each.get(picture.MARK)] == [1]
    bpy.context.view_layer.update()
    seen = [
        world_to_camera_view(
            bpy.context.scene, bpy.context.scene.camera, lamp.matrix_world @ each.co
        )
        for each in lamp.data.vertices
    ]
    assert all(0 < each.x < 1 and 0 < each.y < 1 for each in seen), "all of it is in the picture"


def test_a_narrow_sidebar_has_the_size_on_a_line_of_its_own(
    lamp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blender would cut out the middle. Without a window no text has a width."""
    monkeypatch.setattr(panel.text_wrap, "width_of", lambda text: 7.0 * len(text))
    monkeypatch.setattr(panel.text_wrap, "scaled", lambda pixels: pixels)
    assert drawn(300)["12 faces · 1 m × 1 m × 1 m"] == 1
    narrow = drawn(200)
    assert narrow["12 faces"] == narrow["1 m × 1 m × 1 m"] == 1


def test_an_optimized_model_is_not_optimized_again(registered: None, model: Path) -> None:
    """Nor is one whose ID at Mint is not known."""
    activate(place_model(model, replace(LAMP, file_used="optimized")).root)
    assert drawn()["Optimized"] == 1 and drawn()["mint.optimize"] == 0
    activate(place_model(model, replace(LAMP, asset_id="")).root)
    assert drawn()["mint.optimize"] == 0
    assert drawn()["mint.use_prompt"] == 1


def test_a_part_of_a_model_shows_the_model(registered: None, tmp_path: Path) -> None:
    """The nearest result counts, also if the user has parented it to something else."""
    root = place_model(glb_fixtures.animated(tmp_path / "a.glb"), LAMP).root
    activate(root.children_recursive[-1])
    assert selected.root_of(bpy.context.active_object) == root
    assert drawn()["Ceramic Lamp"] == 1
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.active_object
    assert not drawn()
    root.parent = cube
    activate(root)
    assert drawn()["Ceramic Lamp"] == 1


def test_a_world_has_its_own_panel(placed: Any) -> None:
    """A model parented to it has the panel of models."""
    activate(placed)
    assert selected.world_root(placed) == placed and not drawn()
    assert selected.world_root(placed.children_recursive[-1]) == placed
    lamp = bpy.data.objects.new("Lamp", None)
    bpy.context.scene.collection.objects.link(lamp)
    lamp["mint_asset_id"], lamp.parent = "mdl_1", placed
    assert selected.world_root(lamp) is None and selected.model_root(lamp) == lamp
    assert tags.root_of(lamp) == lamp and world_objects.root_of(lamp) is None


def test_a_click_on_a_part_selects_the_world(placed: Any) -> None:
    """It is moved and deleted as a whole, and its section stays until something else is active."""
    layer = bpy.context.view_layer
    own = bpy.data.objects.new("Own", None)
    bpy.context.scene.collection.objects.link(own)
    own.parent = placed
    (camera,) = world_objects.parts_of(placed, "camera")
    (collider, *_) = world_objects.parts_of(placed, "collider")
    (splats, *_) = world_objects.parts_of(placed, "splats")

    def selected_by_click(obj: Any) -> list[str]:
        bpy.ops.object.select_all(action="DESELECT")
        layer.objects.active = obj
        obj.select_set(True)
        selected._select_whole(layer, obj)
        return sorted(each.name for each in layer.objects.selected)

    whole = sorted(each.name for each in tags.hierarchy(placed) if each != own)
    for obj in (splats, collider, placed):
        assert selected_by_click(obj) == whole
        assert layer.objects.active == placed
    assert all(collider.lock_location)
    assert selected_by_click(camera) == [camera.name], "it may be moved"
    assert layer.objects.active == camera
    assert selected_by_click(own) == [own.name]
    placed.select_set(False)
    layer.objects.active = placed
    selected._select_whole(layer, placed)
    assert [*layer.objects.selected] == [own], "a script that makes it active selects nothing"
    layer.objects.active = None
    assert operators.title(bpy.context) == placed.name
    bpy.data.objects.remove(placed)
    assert operators.title(bpy.context) == ""


def test_another_world_of_that_name_is_not_the_one_used_last(placed: Any) -> None:
    """Under another name it is still the same; an undo keeps it, and deleted it is gone."""
    selected.use_world(placed)
    name = placed.name
    placed.name = "Mine"
    selected.prepare()
    other = placed.copy()
    bpy.context.scene.collection.objects.link(other)
    other.name = name
    activate(None)
    assert selected.last_world() == placed
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    last = selected.last_world()
    assert last is not None and last.name == "Mine"
    bpy.data.objects.remove(last)
    assert selected.last_world() is None


@pytest.mark.parametrize("linked", [False, True])
def test_an_instance_from_the_asset_browser_is_described(
    registered: None, tmp_path: Path, linked: bool
) -> None:
    """Its collection holds the root, in this file or in a library; it cannot be replaced there."""
    glb = glb_fixtures.animated(tmp_path / "a.glb")
    picture = tmp_path / "picture.png"
    picture.write_bytes(synthetic_world.png(np.ones((8, 8, 3))))  # else Blender renders one
    blend = assets.save_model_to_library(glb, LAMP, tmp_path, picture=picture)
    with bpy.data.libraries.load(str(blend), link=linked) as (available, wanted):
        wanted.collections = [each for each in available.collections if each != "Mint"]
    (collection,) = wanted.collections
    instance = bpy.data.objects.new("Instance", None)
    instance.instance_type, instance.instance_collection = "COLLECTION", collection
    bpy.context.scene.collection.objects.link(instance)
    activate(instance)
    found = drawn()
    assert found["Ceramic Lamp"] == found["mint.optimize"] == 1 and found["24 faces"] == 1
    assert found["mint.replace_model"] == 0


def test_what_is_not_from_mint_has_no_panel(registered: None) -> None:
    """Nor has an instance of the user's own collection, or nothing."""
    own = bpy.data.collections.new("Own")
    instance = bpy.data.objects.new("Instance", None)
    instance.instance_type, instance.instance_collection = "COLLECTION", own
    for each in (None, instance, bpy.data.objects.new("Own", None)):
        assert selected.root_of(each) is None


def test_drawing_does_not_grow_with_the_scene(lamp: Any) -> None:
    """A thousand other objects are not looked at, neither by the panel nor by its poll."""
    drawn()  # what is imported and cached at the first time is not counted
    few = count_lines(drawn)
    for number in range(1000):
        bpy.context.scene.collection.objects.link(bpy.data.objects.new(f"Other {number}", None))
    assert abs(count_lines(drawn) - few) <= 5


def test_deleted_parts_are_noticed(registered: None, tmp_path: Path) -> None:
    """Before the next count nothing dead is used."""
    root = place_model(glb_fixtures.animated(tmp_path / "a.glb"), LAMP).root
    activate(root)
    assert selected.known_objects(root)
    bpy.data.objects.remove(root.children_recursive[0])
    assert selected.known_objects(root) is None
    bpy.data.objects.remove(root)
    selected.prepare()
    assert session.state(selected._State).facts is None


def test_nothing_outlives_an_undo(lamp: Any) -> None:
    """The facts are forgotten before it."""
    bpy.ops.ed.undo_push(message="one")
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.ed.undo_push(message="two")
    assert session.state(selected._State).facts is not None
    bpy.ops.ed.undo()
    assert session.state(selected._State).facts is None


@pytest.mark.parametrize("screen", [None, "a screen"])
def test_a_change_while_a_window_opens_is_counted_later(
    lamp: Any, monkeypatch: pytest.MonkeyPatch, screen: str | None
) -> None:
    """Blender reports changes while its context has no window, or no active object yet.

    The context of that moment is simulated.
    """
    other: Any = SimpleNamespace(view_layer=SimpleNamespace(objects=SimpleNamespace(active=None)))
    state = session.state(selected._State)
    state.active, changes = lamp, state.changes
    app, context = SimpleNamespace(background=False), SimpleNamespace(screen=screen)
    with monkeypatch.context() as opening:
        opening.setattr(selected, "bpy", SimpleNamespace(app=app, context=context))
        selected._changed(None, other)
    assert (state.active, state.changes) == (lamp, changes + 1)


def test_the_interface_has_a_scale_without_a_window() -> None:
    """Blender says 0 there, and sizes are divided by it."""
    assert typed_context.ui_scale() > 0


def test_the_scale_is_read_in_one_place() -> None:
    """Any other module would have to care for a 0 as well."""
    texts = sources(PACKAGE / "ui").items()
    assert [path for path, text in texts if "system.ui_scale" in text] == ["typed_context.py"]


class Incomplete:
    """A context as it is while a window opens: without an active object or property."""

    window_manager = SimpleNamespace(windows=())

    @contextmanager
    def temp_override(self, **_: object) -> Iterator[None]:
        """Override nothing."""
        yield


def test_an_incomplete_context_is_no_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is selected there, and nobody types."""
    blender = SimpleNamespace(context=Incomplete())
    monkeypatch.setattr(selected, "bpy", blender)
    assert selected.prepare() is False
    monkeypatch.setattr(text_fields, "bpy", blender)
    window: Any = SimpleNamespace(screen=SimpleNamespace(areas=[SimpleNamespace(regions=[None])]))
    assert not text_fields._has_active(window)


def test_the_wheel_begins_no_typing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is pressed and never released; a click on a field is how typing begins."""
    monkeypatch.setattr(text_fields, "_has_active", lambda window: True)
    here = bpy.context.window_manager.windows[0].as_pointer()
    window: Any = SimpleNamespace(window=SimpleNamespace(as_pointer=lambda: here))
    for kind, is_typing in (("LEFTMOUSE", True), ("WHEELDOWNMOUSE", False), ("A", True)):
        event: Any = SimpleNamespace(type=kind, value="PRESS")
        text_fields.on_event(window, event)
        assert text_fields.is_edited() == is_typing
    text_fields.reset()
