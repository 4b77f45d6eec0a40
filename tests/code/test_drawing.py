# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that drawing functions, and all functions that they call, only draw.

The calls are followed through all modules of `ui`, from each function that Blender calls in order to
draw. None of them may send a request to Mint, register a timer, load a picture, open a file, create or
delete anything that outlives the call, or write to anything but the layout. The exceptions, which are
in `ALLOWED`, note what was drawn, since Blender has no event for that: that a panel is visible, so that
a timer fetches its data; the region of a dialog; and since when a button shows what it would spend.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from .call_graph import CallGraph, Function
from .sources import PACKAGE, sources

ALLOWED = {
    "visibility.py: note": {"_state", "_state().drawn.add", "_look_soon"},
    "visibility.py: _look_soon": {"bpy.app.timers.is_registered", "bpy.app.timers.register"},
    "pricing/price_dialog.py: note": {"_state", "_state().regions.setdefault"},
    "pricing/paid_clicks.py: note": {"session.state", "state.shown.get", "state.clock"},
}
"""Functions that drawing may call although they change something, and the calls each makes."""
TIMERS = {"visibility.py: _look_soon"}
"""What the timers that these functions start call later, is not called while drawing."""
MEMOS = (
    "translations/",
    "manual/links.py: website",
    "session.py: current",
    "session.py: Session.state",
)
"""Functions that cache a constant value: the table of a language, or an empty state."""

# The names of a layout and of the button that it has just made.
LAYOUT = {
    *("alert", "active", "active_default", "enabled", "scale_x", "scale_y", "alignment"),
    *("ui_units_x", "ui_units_y", "use_property_split", "use_property_decorate"),
    *("operator_context", "activate_init"),
}
FORBIDDEN = {
    "ask", "start", "fetch", "look", "board", "service", "connect",  # the network, and opening the journal
    "open", "read_text", "write_text", "read_bytes", "write_bytes", "exists", "is_file", "iterdir", "mkdir", "unlink", "stat", "load", "size",
    "setattr", "delattr", "remember", "recall",  # properties
    "register", "unregister", "new", "batch_remove",  # timers, pictures, data-blocks
}  # fmt: skip
CHANGING = {
    "add", "append", "clear", "discard", "extend", "insert", "move", "pop", "popitem", "remove", "setdefault", "sort", "update",
}  # fmt: skip
"""Methods of containers, allowed only on a container that the same function has created."""
HARMLESS = {"blf.size"}
"""A call that sets the size of the text that is measured next."""
CALLED_TO_DRAW = {"poll", "description", "filter_items"}
"""Functions that are also called at each drawing, although their names do not show it."""


def roots(graph: CallGraph) -> Iterator[Function]:
    """Yield every function that Blender calls while it draws."""
    for function in graph.functions():
        name = function.node.name
        if name.lstrip("_").startswith("draw") or (function.owner and name in CALLED_TO_DRAW):
            yield function
    for path, node in calls_in(graph):
        for handed in handed_to_blender(node):
            meant = graph.meaning(handed, path)
            if isinstance(meant, Function):
                yield meant


def calls_in(graph: CallGraph) -> Iterator[tuple[str, ast.Call]]:
    """Yield each call in the modules of a graph, with the path of its module."""
    for path, tree in graph.trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield path, node


def handed_to_blender(node: ast.Call) -> list[ast.expr]:
    """Return the functions that a call registers with Blender to be called while drawing.

    These are functions appended to a menu or header, and callbacks of properties.
    """
    name = ast.unparse(node.func)
    if name.startswith("bpy.types.") and name.endswith((".append", ".prepend")):
        return list(node.args)
    if name.startswith("bpy.props."):
        return [each.value for each in node.keywords if each.arg in {"items", "get", "poll"}]
    return []


def made_here(function: ast.AST) -> set[str]:
    """Return the local names of objects that a function has created, and may therefore change.

    These are new containers, and buttons: `layout.operator(…)` returns one to be filled in.
    """
    made = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Assign | ast.AnnAssign) and is_made(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            made |= {each.id for each in targets if isinstance(each, ast.Name)}
    return made


def is_made(value: ast.expr | None) -> bool:
    """Return whether an expression creates a new container or a button."""
    if isinstance(value, ast.Call):
        name = ast.unparse(value.func)
        return name.endswith(".operator") or name in {"list", "dict", "set", "sorted", "Counter"}
    return isinstance(
        value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp
    )


def written(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a statement assigns to or deletes, without plain local names."""
    if isinstance(node, ast.Assign | ast.Delete):
        targets = node.targets
    elif isinstance(node, ast.AugAssign | ast.AnnAssign):
        targets = [node.target]
    else:
        return
    for target in targets:
        for part in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
            if not isinstance(part, ast.Name):
                yield part


def complaints(function: ast.AST) -> list[str]:
    """Return the actions of a function that are forbidden while drawing."""
    wrong, own = [], made_here(function)
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func)
            owner, _, last = name.rpartition(".")
            if name in HARMLESS:
                continue
            if last in FORBIDDEN or (last in CHANGING and owner and owner not in own):
                wrong.append(f"line {node.lineno}: calls {name}")
            elif name.startswith("bpy.ops."):
                wrong.append(f"line {node.lineno}: runs {name}")
        elif isinstance(node, ast.Global):
            wrong.append(f"line {node.lineno}: rebinds {', '.join(node.names)}")
        for part in written(node):
            base = ast.unparse(part.value) if hasattr(part, "value") else ""
            is_layout = isinstance(part, ast.Attribute) and part.attr in LAYOUT
            is_new = base == "self" and getattr(function, "name", "") == "__init__"
            if not is_layout and not is_new and base not in own and ".operator(" not in base:
                wrong.append(f"line {part.lineno}: writes {ast.unparse(part)}")
    return wrong


def forbidden(graph: CallGraph, starts: Iterable[Function]) -> list[str]:
    """Return the forbidden actions of functions and of all that they call, with the call path."""
    return [
        f"{' -> '.join(way)}, {complaint}"
        for function, way in graph.reached(starts, not_beyond=TIMERS).items()
        if function.name not in ALLOWED and not function.name.startswith(MEMOS)
        for complaint in complaints(function.node)
    ]


def calls_of(function: Function) -> set[str]:
    nodes = ast.walk(function.node)
    return {ast.unparse(each.func) for each in nodes if isinstance(each, ast.Call)}


GRAPH = CallGraph(sources(PACKAGE / "ui"))
ROOTS = {function.name: function for function in roots(GRAPH)}


def test_drawing_only_draws() -> None:
    """The data of a panel is prepared when it changes, not while it is drawn."""
    assert forbidden(GRAPH, ROOTS.values()) == []


def test_the_analysis_covers_all_panels() -> None:
    """It starts at all panels and follows their calls."""
    assert len(ROOTS) > 60
    drawn = {each.name for each in GRAPH.reached([ROOTS["job_list/panel.py: draw_details"]])}
    assert "text_wrap.py: wrapped" in drawn


def test_each_exception_is_needed_and_only_adds_a_name_to_a_set() -> None:
    """An exception is drawn; it adds to a set, or starts the timer, and calls nothing else."""
    reached = {each.name: each for each in GRAPH.reached(ROOTS.values())}
    assert all(complaints(reached[name].node) for name in ALLOWED)
    assert {name: calls_of(reached[name]) for name in ALLOWED} == ALLOWED


CHANGES = {
    *("beat", "import_result", "import_ready", "place", "undo_push", "undo_step", "restore"),
    *("jobs_changed", "_tell_file_loaded", "link", "unlink"),
}
CHANGING_CALLS = {
    "auto_import.import_ready",
    *("heartbeat.beat", "heartbeat.jobs_changed", "saved_settings.restore"),
}
TIMER = "bpy.app.timers.register"
SUBSCRIBING = {"heartbeat.on_answers", "visibility.when_drawn"}
KNOWN = {
    "_look", "_resume",  # heartbeat, visibility
    # what follows right after a click: a timer is removed, a window closed, a tab shown
    "partial",
    "_remember",  # saved_settings
    "_fade",  # arrival: the toast about results goes
    "_look_now",  # placed_results: which results are in the open file
    "_follow",  # cameras: renders one picture after the other
    "_render",  # show_result: renders after a click, and changes nothing in the file
}  # fmt: skip


def scheduled(graph: CallGraph, *registering: str) -> list[tuple[ast.expr, Function | None]]:
    """Return what is handed to a timer or a subscription, and the function that it names."""
    handed = [
        (path, node.args[0 if ast.unparse(node.func) == TIMER else -1])
        for path, node in calls_in(graph)
        if ast.unparse(node.func) in registering
    ]
    meant = [(node, graph.meaning(node, path)) for path, node in handed]
    return [(node, each if isinstance(each, Function) else None) for node, each in meant]


def changing(graph: CallGraph) -> dict[str, set[str]]:
    """Return what the scheduled functions, and all that they call, change."""
    functions = [each for _, each in scheduled(graph, TIMER, *SUBSCRIBING) if each]
    changes = {
        each.name: calls_of(each) & (CHANGING_CALLS | CHANGES) for each in graph.reached(functions)
    }
    return {name: called for name, called in changes.items() if called}


def test_every_timer_is_known() -> None:
    """A new timer must be checked for what it changes while the user types, then added to KNOWN."""
    handed = [node for node, _ in scheduled(GRAPH, TIMER)]
    assert {each.id if isinstance(each, ast.Name) else "partial" for each in handed} == KNOWN


def test_timers_and_subscribers_only_read_state() -> None:
    """None imports, pushes an undo step or changes a collection."""
    subscribers = [each for _, each in scheduled(GRAPH, *SUBSCRIBING)]
    assert subscribers and None not in subscribers, "the analysis can follow each"
    assert changing(GRAPH) == {}


def test_a_timer_that_changes_state_is_found() -> None:
    """The check follows a timer through the functions that it calls."""
    source = "def revive():\n    go()\ndef go():\n    beat()\nbpy.app.timers.register(revive)\n"
    assert changing(CallGraph({"a.py": source})) == {"a.py: go": {"beat"}}


SPENDING = {"MINT_OT_spend", "MINT_OT_generate", "MINT_OT_optimize"}
BEGIN = {"run_action", "about_asset", "when_confirmed"}


def kept(method: Function) -> list[int]:
    """Return the lines where a function that a method creates for later uses the operator."""
    name = method.node.name
    if name != "decision" and not {each.rpartition(".")[2] for each in calls_of(method)} & BEGIN:
        return []
    return [
        each.lineno
        for act in [*ast.walk(method.node)][1:]
        if isinstance(act, ast.Lambda | ast.FunctionDef)
        for each in ast.walk(act)
        if isinstance(each, ast.Name) and each.id == "self"
    ]


def test_no_deferred_function_uses_its_operator() -> None:
    """No function that is called later uses `self`."""
    assert [each.name for each in GRAPH.functions() if each.owner and kept(each)] == []


def test_a_deferred_function_that_uses_its_operator_is_found() -> None:
    """The check reports a function that uses `self`."""
    source = (
        "class A:\n    def act(self):\n        return run_action(self, lambda: self.decide())\n"
    )
    (method,) = CallGraph({"a.py": source}).functions()
    assert kept(method) == [3]


def test_enter_does_not_confirm_a_dialog_that_spends_credits() -> None:
    """Each operator that spends Credits opens its dialog with Cancel as the default button."""
    classes = {
        node.name: ast.unparse(node)
        for tree in GRAPH.trees.values()
        for node in tree.body
        if isinstance(node, ast.ClassDef) and node.name in SPENDING
    }
    assert set(classes) == SPENDING
    for text in classes.values():
        assert "invoke_props_dialog" not in text and "ask_before_spending" in text
