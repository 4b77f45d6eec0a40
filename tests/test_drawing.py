# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that drawing functions, and all functions that they call, only draw.

The source is analyzed. Starting at each function that Blender calls in order to draw, the calls are
followed through all modules of `ui`. None of these functions may send a request to Mint, register a
timer, load a picture, open a file, create or delete anything that outlives the call, or write to
anything but the layout.

There are three exceptions. Blender has no event for "this panel became visible", but data that is
fetched only when it is visible (prices, pages of the library, thumbnails) depends on it. So drawing
may add a name to a set, and start the timer that soon afterwards empties that set and fetches the
data, in `ui/visibility.py`: `note`. Also, Blender gives the region of a popup only while it is
drawn. So a dialog adds that region to another set, in `ui/pricing/price_dialog.py`: `note`. And a
button that spends Credits must not take a click right after it has changed: what has such a button
notes what it shows, in `ui/pricing/paid_clicks.py`: `note`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from .call_graph import CallGraph, Function

UI = Path(__file__).resolve().parents[1] / "mint_blender" / "ui"
ALLOWED = {
    "visibility.py: note": {"_state", "_state().drawn.add", "_look_soon"},
    "visibility.py: _look_soon": {"bpy.app.timers.is_registered", "bpy.app.timers.register"},
    "pricing/price_dialog.py: note": {"_state", "_state().regions.setdefault"},
    "pricing/paid_clicks.py: note": {"session.state", "time.monotonic"},
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
    for module in graph.modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call):
                for handed in handed_to_blender(node):
                    found = graph.resolve(handed, module)
                    if isinstance(found, Function):
                        yield found


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


def found(graph: CallGraph, root: Function) -> list[str]:
    """Return the forbidden actions of a function and of all that it calls, with the call path."""
    return [
        f"{' -> '.join(way)}, {complaint}"
        for function, way in graph.reached(root, not_beyond=TIMERS).items()
        if function.name not in ALLOWED and not function.name.startswith(MEMOS)
        for complaint in complaints(function.node)
    ]


GRAPH = CallGraph.of_folder(UI)
ROOTS = {function.name: function for function in roots(GRAPH)}


@pytest.mark.parametrize("name", ROOTS)
def test_drawing_only_draws(name: str) -> None:
    """The data of a panel is prepared when it changes, not while it is drawn."""
    assert found(GRAPH, ROOTS[name]) == []


def test_every_exception_is_needed() -> None:
    """An exception for a function that is no longer drawn must be removed."""
    reached = {function.name for root in ROOTS.values() for function in GRAPH.reached(root)}
    assert reached >= ALLOWED.keys()


def test_a_note_only_adds_a_name_to_a_set() -> None:
    """Each exception adds to a set, or starts the timer, and calls nothing else."""
    for function in GRAPH.functions():
        if function.name in ALLOWED:
            calls = [each for each in ast.walk(function.node) if isinstance(each, ast.Call)]
            assert {ast.unparse(each.func) for each in calls} == ALLOWED[function.name]


PANEL = """
from . import facts
from .facts import chosen, Cache
_cache = Cache()
class Base:
    def draw(self, context):
        self.helper()
class Panel(Base):
    def helper(self):
        {line}
def _extra(self, context):
    {line}
bpy.types.VIEW3D_MT_add.append(_extra)
def harmless(layout, items):
    names = [each.name for each in items]
    names.append("x")
    layout.row().alert = True
    layout.operator("a").job_id = "b"
    button = layout.operator("a")
    button.job_id = "b"
"""
FACTS = """
known = None
def chosen():
    global known
    known = 1
def all_of(items):
    return sorted(items, key=order)
def order(item):
    item.rank = 2
def later():
    bpy.app.timers.register(chosen)
class Cache:
    def __init__(self):
        self.entries = {}
    def picture(self, path):
        return self.pictures.load(path)
    @property
    def first(self):
        return self.entries.pop("first")
    def count(self):
        return len(self.entries)
def board():
    return None
"""


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("chosen()", id="rebinds in another module"),
        pytest.param("facts.all_of([1])", id="writes in a function that is handed on"),
        pytest.param("facts.later()", id="registers a timer"),
        pytest.param("_cache.picture('a')", id="loads a picture in a method of an instance"),
        pytest.param("context.anything.picture('a')", id="in a method of an unknown instance"),
        pytest.param("context.anything.first", id="in a property"),
        pytest.param("context.scene.x = 1", id="writes a property"),
        pytest.param("del facts.known['a']", id="deletes"),
        pytest.param("facts.board()", id="opens the journal"),
        pytest.param("bpy.ops.mint.cancel()", id="runs an operator"),
    ],
)
def test_each_kind_of_mistake_is_found(line: str) -> None:
    """This includes a base class of a panel, and a function that was appended to a menu."""
    graph = CallGraph({"panel.py": PANEL.format(line=line), "facts.py": FACTS}, "mint.ui")
    wrong = {root.node.name: found(graph, root) for root in roots(graph)}
    assert wrong["_extra"], "what was appended to a menu"
    assert wrong["draw"] or graph.modules["mint.ui.panel"].bases["Panel"], "a method of the panel"


@pytest.mark.parametrize("line", ["harmless(self.layout, [1])", "_cache.count()", "Cache()"])
def test_allowed_actions_are_not_reported(line: str) -> None:
    """Buttons, layouts, new containers and calls that only read are allowed."""
    graph = CallGraph({"panel.py": PANEL.format(line=line), "facts.py": FACTS}, "mint.ui")
    (extra,) = [root for root in roots(graph) if root.node.name == "_extra"]
    assert [each for each in found(graph, extra) if "__init__" not in each] == []


def test_the_analysis_covers_all_panels() -> None:
    """The analysis starts at all panels and follows their calls."""
    assert len(ROOTS) > 60
    assert "text_wrap.py: wrapped" in {
        function.name for function in GRAPH.reached(ROOTS["job_list/details.py: draw"])
    }


BLENDER = Path(__file__).resolve().parents[1] / "mint_blender" / "ui"
CHANGES = {
    *("beat", "import_result", "import_ready", "place", "undo_push", "undo_step", "restore"),
    *("jobs_changed", "_tell_file_loaded", "link", "unlink"),
}
CHANGING_CALLS = {
    *("auto_import.import_ready", "limit_dialog.catch_up"),
    *("heartbeat.beat", "heartbeat.jobs_changed", "saved_settings.restore"),
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


SPENDING = {
    "MINT_OT_spend",
    "MINT_OT_generate",
    "MINT_OT_batch_text",
    "MINT_OT_optimize",
}
BEGIN = {"run_action", "about_asset", "when_priced", "when_confirmed"}


def deferred_functions(method: ast.FunctionDef) -> Iterator[ast.AST]:
    """Yield every function that a method creates to be called later.

    Names of methods that create one are included.
    """
    for node in ast.walk(method):
        is_function = isinstance(node, ast.Lambda | ast.FunctionDef) and node is not method
        if is_function:
            yield node


def kept(method: ast.FunctionDef) -> list[int]:
    """Return the lines where a deferred function of this method uses the operator."""
    begins = any(
        isinstance(each, ast.Call) and ast.unparse(each.func).rpartition(".")[2] in BEGIN
        for each in ast.walk(method)
    )
    if not begins and method.name != "decision":
        return []
    return [
        each.lineno
        for act in deferred_functions(method)
        for each in ast.walk(act)
        if isinstance(each, ast.Name) and each.id == "self"
    ]


def methods() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Yield every method of the room with its position."""
    for path in sorted(BLENDER.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield from (
                    (f"{path.relative_to(BLENDER)}: {node.name}.{each.name}", each)
                    for each in node.body
                    if isinstance(each, ast.FunctionDef)
                )


def test_no_deferred_function_uses_its_operator() -> None:
    """No function that is called later uses `self`."""
    assert {place: lines for place, method in methods() if (lines := kept(method))} == {}


def test_a_deferred_function_that_uses_its_operator_is_found() -> None:
    """The check reports a function that uses `self`."""
    source = "class A:\n    def act(self):\n        def later(board):\n            self.decide(board)\n        return run_action(self, later)\n"
    (operator,) = ast.parse(source).body
    assert isinstance(operator, ast.ClassDef) and isinstance(operator.body[0], ast.FunctionDef)
    assert kept(operator.body[0]) == [4]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=str(path.relative_to(BLENDER)))
        for path in sorted(BLENDER.rglob("*.py"))
    ],
)
def test_enter_does_not_confirm_a_dialog_that_spends_credits(path: Path) -> None:
    """Each operator that spends Credits opens its dialog with Cancel as the default button."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ClassDef) and node.name in SPENDING:
            assert "invoke_props_dialog" not in ast.unparse(node)
            assert "ask_before_spending" in ast.unparse(node)
