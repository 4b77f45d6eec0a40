# SPDX-License-Identifier: GPL-3.0-or-later
"""Enabling and disabling the add-on: nothing is left behind, and the start stays fast."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

import mint_blender

from ..code.imported_modules import foreign, modules_of_steps, ours
from ..code.sources import sources
from ..mint_service.runner import ThreadService
from .drawings import drawn_by, in_class, sidebar

bpy = pytest.importorskip("bpy")
pytestmark = pytest.mark.blender

from mint_blender.mint.generation_request import GenerationRequest
from mint_blender.mint.schema import Kind
from mint_blender.ui import heartbeat, menus, missing_modules, session, translations

HANDLERS = (
    *("load_pre", "load_post", "save_post", "undo_post", "redo_post"),
    *("depsgraph_update_post", "frame_change_post"),
)


def known() -> dict[str, object]:
    """Return all that Blender and Python know of the add-on."""
    ours = [name for name in dir(bpy.types) if "MINT" in name.upper()]
    return {
        "classes": sorted(ours),
        "operators": sorted(dir(bpy.ops.mint)),
        "window manager": sorted(
            name for name in bpy.types.WindowManager.bl_rna.properties.keys() if "mint" in name
        ),
        "handlers": {name: len(getattr(bpy.app.handlers, name)) for name in HANDLERS},
        "menus": [
            len(getattr(bpy.types, name)._dyn_ui_initialize())
            for name in ("VIEW3D_MT_add", "VIEW3D_MT_object", "STATUSBAR_HT_header")
        ],
        "threads": sorted(thread.name for thread in threading.enumerate()),
    }


@pytest.fixture
def before() -> dict[str, object]:
    """Return what is left once the add-on was enabled and disabled."""
    mint_blender.register()
    mint_blender.unregister()
    return known()


def test_enabling_and_disabling_ten_times_leaves_nothing(
    home: Path, before: dict[str, object]
) -> None:
    """No class, operator, property, handler, menu entry or thread is left."""
    for _ in range(10):
        mint_blender.register()
        assert "generate" in dir(bpy.ops.mint)
        session.service()  # what follows jobs subscribes only now
        mint_blender.unregister()
    assert known() == before
    assert not before["window manager"]
    assert "generate" not in before["operators"]  # type: ignore[operator]


def test_disabling_with_a_job_in_flight(service: ThreadService, signed_in: None) -> None:
    """`unregister` ends the thread; enabled again, the job continues and is paid once."""
    mint_blender.register()
    job = session.service().start(GenerationRequest(Kind.MODEL, "a lamp"))
    assert "mint-worker" in {thread.name for thread in threading.enumerate()}
    mint_blender.unregister()
    names = {thread.name for thread in threading.enumerate()}
    assert not names & {"mint-worker", "mint-download"}
    mint_blender.register()
    job_service = session.service()
    job_service.unfinished.resume_all()
    job_service.watch([job.id])
    assert job_service.job(job.id).phase == "ready"
    assert len(service.operations()) == 1
    mint_blender.unregister()


ENABLE = "import mint_blender; mint_blender.register()"
UNUSED = {"numpy", "requests", "rich", "sqlite3", "urllib3", "zstandard"}
SLOW_IN_PYTHON = {
    *("datetime", "decimal", "hashlib", "ipaddress", "json", "logging", "pickle", "random"),
    *("socket", "string", "subprocess", "textwrap", "traceback", "uuid"),
}
AT_ENABLING = {
    *("addon_settings", "files", "files.export_options", "jobs", "jobs.phases", "message", "mint"),
    *("mint.limits", "scene", "scene.undo_step"),
}
"""What is imported outside of `ui/`: words, limits, and one operator."""


LOOK = """
for panel in [each for each in bpy.types.Panel.__subclasses__() if each.__name__.startswith("MINT_")]:
    if hasattr(panel, "poll"):
        panel.poll(bpy.context)
from mint_blender.ui import menus
menus._draw_status_bar(None, bpy.context)
"""
"""Blender asks every panel whether it is shown, and draws the status bar, from the start."""
OPEN = "from mint_blender.ui import session; session.service()"
LOAD = """
import time
from mint_blender.ui import session
while session.is_loading():
    time.sleep(0.01)
"""
CLICK = "session.service(); bpy.ops.mint.refresh_account.poll()"


def test_each_step_imports_only_what_it_needs(home: Path) -> None:
    """Enabling, another tab, and the first use, which opens the journal."""
    environment = {"MINT_BLENDER_HOME": str(home)}
    enabled, looked, opened = modules_of_steps(
        ENABLE, LOOK, OPEN, given="import bpy", environment=environment
    )
    assert {name for name in ours(enabled) if name.partition(".")[0] != "ui"} == AT_ENABLING
    assert len(ours(enabled)) <= 84
    assert not foreign(enabled) & (UNUSED | SLOW_IN_PYTHON)
    assert {name for name in ours(looked) if name.startswith("jobs")} == set()
    assert len(ours(looked)) < 10
    after_use = ours(opened)
    assert {"jobs.service", "ui.job_list.auto_import", "ui.account.billing_watch"} <= after_use
    assert not after_use & {"delivery.import_job", "files.spz.decode", "mint.client", "scene.place"}
    assert len(after_use) > 100


def test_the_first_click_imports_nothing_large(home: Path) -> None:
    """What takes half a second to import was loaded since the tab was drawn, in slices."""
    environment = {"MINT_BLENDER_HOME": str(home), "MINT_API_KEY": ""}
    _, clicked = modules_of_steps(
        f"{ENABLE}\n{LOAD}", CLICK, given="import bpy", environment=environment
    )
    assert not ours(clicked)
    assert not foreign(clicked) & (UNUSED | SLOW_IN_PYTHON | {"io_scene_gltf2"})


def test_properties_are_no_texts() -> None:
    """Blender would compile each text again: that was half of the time of registering."""
    modules = {path: text for path, text in sources().items() if ": bpy.props." in text}
    assert len(modules) > 20
    assert [path for path, text in modules.items() if "import annotations" in text] == []


def test_enabling_reads_no_language() -> None:
    """The table of a language is read when Blender is set to it, or something is drawn in it."""
    mint_blender.register()
    assert translations._table.cache_info().currsize == 0
    mint_blender.unregister()


@pytest.mark.parametrize("which", ["MINT_OT_place", "MINT_PT_main", "heart"])
def test_enabling_is_rolled_back_after_an_error(
    which: str, before: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is raised, nothing stays registered, and the next attempt can succeed."""
    register = bpy.utils.register_class

    def refuse(each: type | None = None) -> None:
        if each is None or each.__name__ == which:
            raise RuntimeError("no room for it")
        register(each)

    if which == "heart":  # the last part
        monkeypatch.setattr(heartbeat, "start", refuse)
    else:
        monkeypatch.setattr(bpy.utils, "register_class", refuse)
    with pytest.raises(RuntimeError, match="no room"):
        mint_blender.register()
    assert known() == before
    monkeypatch.undo()
    mint_blender.register()
    assert "generate" in dir(bpy.ops.mint)
    mint_blender.unregister()
    assert known() == before


def test_disabling_never_raises(
    before: dict[str, object], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """An error is logged, and everything else is unregistered."""

    class Broken:
        append = bpy.types.TOPBAR_MT_edit.append

        @staticmethod
        def remove(draw: Any) -> None:
            bpy.types.TOPBAR_MT_edit.remove(draw)
            raise ReferenceError("StructRNA of type Menu has been removed")

    monkeypatch.setattr(menus, "MENUS", ((Broken, menus._draw_manage),))
    mint_blender.register()
    del bpy.types.WindowManager.mint_feedback
    mint_blender.unregister()
    assert sum("could not be unregistered" in each.message for each in caplog.records) == 2
    assert known() == before


def test_a_blender_without_numpy_says_so(
    before: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tab has one sentence, and nothing else of the add-on is there that could fail."""
    monkeypatch.setattr(missing_modules, "NEEDED", ("requests", "no_such_module"))
    mint_blender.register()
    draw = in_class(bpy.types.MINT_PT_missing_modules.draw)
    drawn = " ".join(drawn_by(draw, sidebar()))
    assert "python3-no_such_module" in drawn
    assert "requests" not in drawn
    assert "generate" not in dir(bpy.ops.mint)
    mint_blender.unregister()
    assert known() == before
