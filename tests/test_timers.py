# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that functions of `bpy.app.timers` only read state.

The source is analyzed. Blender calls timers also while the user types into a field. So the
functions that they reach in their own module must not import, push an undo step or update the
collections of the window manager. The modal operator does that, since it knows when the user types.
The same holds for the subscribers that such a timer calls, those of `heartbeat.on_answers` and
`visibility.when_drawn`.
"""

from __future__ import annotations

import ast
from pathlib import Path

BLENDER = Path(__file__).resolve().parents[1] / "mint_blender" / "ui"
CHANGES = {
    "beat",
    "import_result",
    "import_ready",
    "place",
    "undo_push",
    "undo_step",
    "restore",
    "jobs_changed",
    "_tell_file_loaded",
    "link",
    "unlink",
}
CHANGING_CALLS = {
    "review_feedback.catch_up",
    "auto_import.import_ready",
    "limit_dialog.catch_up",
    "heartbeat.beat",
    "heartbeat.jobs_changed",
    "saved_settings.restore",
}
SUBSCRIBING = {"heartbeat.on_answers", "visibility.when_drawn"}
KNOWN = {
    "_look", "_resume",  # heartbeat, visibility
    # what follows right after a click: a timer is removed, a window closed, a tab or library shown
    "partial", "_choose_library",
    "_remember",  # saved_settings
    "_look_now",  # placed_results: which results are in the open file
    "glide",  # views: moves a view, and nothing in the file
}  # fmt: skip


def functions(module: ast.Module) -> dict[str, ast.FunctionDef]:
    """Return the functions of a module by name."""
    return {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}


def registered(module: ast.Module) -> set[str]:
    """Return the functions that a module registers as timers; a partial is only named `partial`."""
    calls = (
        node
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "bpy.app.timers.register"
    )
    return {each.args[0].id if isinstance(each.args[0], ast.Name) else "partial" for each in calls}


def called(name: str, known: dict[str, ast.FunctionDef], seen: set[str]) -> set[str]:
    """Return the names that a function calls, itself or through other functions of its module."""
    if name in seen or name not in known:
        return set()
    seen.add(name)
    calls = {ast.unparse(node.func) for node in ast.walk(known[name]) if isinstance(node, ast.Call)}
    return calls.union(*(called(each, known, seen) for each in calls))


def modules() -> dict[str, ast.Module]:
    """Return the modules of the room."""
    return {
        str(path.relative_to(BLENDER)): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(BLENDER.rglob("*.py"))
    }


def test_every_timer_is_known() -> None:
    """A new timer must be checked for what it changes while the user types, then added to KNOWN."""
    assert set().union(*(registered(module) for module in modules().values())) == KNOWN


def imported(module: ast.Module, stem: str, path: str) -> str:
    """Return the path of the module that another one imports by this name."""
    folders = {
        node.module or ""
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and stem in {each.name for each in node.names}
    }
    (folder,) = folders
    return str(Path(path).parent / folder.replace(".", "/") / f"{stem}.py")


def listening(all_modules: dict[str, ast.Module]) -> dict[str, set[str]]:
    """Return the functions that timers of other modules call, by the module they are in."""
    found: dict[str, set[str]] = {}
    for path, module in all_modules.items():
        for node in ast.walk(module):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in SUBSCRIBING:
                stem, _, name = ast.unparse(node.args[-1]).rpartition(".")
                where = imported(module, stem, path) if stem else path
                found.setdefault(where, set()).add(name)
    return found


def test_subscribers_are_found() -> None:
    """Each subscriber is a function of a module that the subscribing one imports."""
    known = modules()
    found = listening(known)
    assert found
    for path, names in found.items():
        assert names <= set(functions(known[path]))


def test_timers_only_read_state() -> None:
    """No timer function imports, pushes an undo step or changes a collection."""
    wrong = {}
    listeners = listening(modules())
    for stem, module in modules().items():
        for timer in registered(module) | listeners.get(stem, set()):
            calls = called(timer, functions(module), set())
            changing = {
                each
                for each in calls
                if each in CHANGING_CALLS or (each in CHANGES and "." not in each)
            }
            if changing:
                wrong[f"{stem}.{timer}"] = changing
    assert wrong == {}


def test_a_timer_that_changes_state_is_found() -> None:
    """The check follows a timer through the functions of its module."""
    module = ast.parse(
        "def revive():\n    go()\ndef go():\n    beat()\ndef ensure():\n    bpy.app.timers.register(revive)\n"
    )
    assert registered(module) == {"revive"}
    assert "beat" in called("revive", functions(module), set())
