# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the rules for imports between the rooms, read from the source.

A room imports only the rooms below it, and the code in Blender needs no extra package.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from ..harness.processes import captured
from .import_graph import COMMON, PACKAGE, ROOMS, TOP, complaints, imports_of, modules


def test_every_folder_has_import_rules():
    """A new folder in the package must first be added to the rules."""
    assert {room for _, room, _ in modules()} == set(ROOMS)


@pytest.mark.covers("C14-threads")
@pytest.mark.parametrize(
    ("path", "room", "parts"),
    modules(),
    ids=lambda value: str(value.relative_to(PACKAGE)) if isinstance(value, Path) else "",
)
def test_imports_follow_the_rules(path, room, parts):
    """A module imports from its own room, the rooms below, and allowed packages."""
    assert complaints(path.read_text(encoding="utf-8"), room, parts) == []


@pytest.mark.parametrize("name", sorted(COMMON))
def test_shared_modules_import_no_room(name):
    """A module that all rooms import must not import any of them."""
    source = (PACKAGE / f"{name}.py").read_text(encoding="utf-8")
    assert [found.module for found in imports_of(source, ()) if found.level] == []


def neighbors(
    source: str, parts: tuple[str, ...], known: set[str], *, every: bool = False
) -> set[str]:
    """Return the modules of the package that one module imports.

    `parts` is as for `imports_of`. With `every`, imports inside a function or for the type checker
    are included.
    """
    loaded = {
        found.module
        for found in imports_of(source, parts)
        if found.level and (every or not found.later)
    }
    tree = ast.parse(source)
    for node in ast.walk(tree) if every else tree.body:
        # each name may be a module of that package
        if isinstance(node, ast.ImportFrom) and node.level and node.module:
            base = ".".join((*parts[: len(parts) - (node.level - 1)], node.module))
            loaded |= {f"{base}.{name.name}" for name in node.names}
    return loaded & known


def import_graph(*, every: bool = False) -> dict[str, set[str]]:
    """Return the modules that each module imports; `every` counts imports inside functions, too."""
    named = {
        ".".join((*parts, path.stem)): (path, parts)
        for path, _, parts in modules()
        if path.stem != "__init__"
    }
    return {
        name: neighbors(path.read_text(encoding="utf-8"), parts, set(named), every=every)
        for name, (path, parts) in named.items()
    }


def test_modules_have_no_import_cycles():
    """Imports have no cycles inside a room either."""
    assert list(TopologicalSorter(import_graph()).static_order())


def mutual(graph: dict[str, set[str]]) -> set[tuple[str, str]]:
    """Return the pairs of modules that import each other."""
    return {
        (one, other)
        for one, others in graph.items()
        for other in others
        if one < other and one in graph.get(other, set())
    }


def test_no_two_modules_import_each_other():
    """Imports inside a function or for the type checker count too."""
    assert mutual(import_graph(every=True)) == set()


def test_a_mutual_import_is_found():
    """A pair is found whichever kind of import the two modules use."""
    known = {"scene.world", "scene.notes"}
    graph = {
        "scene.world": neighbors(
            "def build():\n    from . import notes", ("scene",), known, every=True
        ),
        "scene.notes": neighbors(
            "if TYPE_CHECKING:\n    from .world import Part", ("scene",), known, every=True
        ),
    }
    assert mutual(graph) == {("scene.notes", "scene.world")}


def test_an_import_cycle_is_found():
    """Each form of import within the package counts; an import inside a function does not."""
    known = {"ui.panel", "ui.form", "jobs.job"}
    assert neighbors("from . import form", ("ui",), known) == {"ui.form"}
    assert neighbors("from .form import of", ("ui",), known) == {"ui.form"}
    assert neighbors("from ..jobs import job", ("ui",), known) == {"jobs.job"}
    assert neighbors("def draw():\n    from . import form", ("ui",), known) == set()
    with pytest.raises(CycleError):
        TopologicalSorter({"panel": {"form"}, "form": {"panel"}}).prepare()


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("mint", "import bpy"),
        ("mint", "def f():\n    import bpy"),
        ("mint", "from ..jobs import worker"),
        ("mint", "from .. import files"),
        ("mint", "from ..files.download import fetch"),
        ("mint", "import threading"),
        ("mint", "from concurrent.futures import ThreadPoolExecutor"),
        ("mint", "import numpy"),
        ("files", "from ..mint import schema"),
        ("files", "import asyncio"),
        ("files", "import threading"),
        ("jobs", "import bpy"),
        ("jobs", "from ..scene import importer"),
        ("jobs", "def f():\n    from ..cli import main"),
        ("cli", "from ..ui import panel"),
        ("cli", "import rich"),
        ("cli", "import threading"),
        ("scene", "from ..ui.current import board"),
        ("scene", "from ..jobs.job import Job"),
        ("scene", "from ..delivery import arrival"),
        ("ui", "import threading"),
        ("ui", "import requests"),
        ("ui", "from ..cli import main"),
        ("ui", "def f():\n    from ..cli import main"),
        ("delivery", "def f():\n    from ..ui import session"),
        ("ui", "import mint_blender.jobs"),
        (TOP, "from . import files"),
        (TOP, "import requests"),
    ],
)
def test_a_forbidden_import_is_found(room, source):
    """Each kind of forbidden import is reported, wherever in the file it is."""
    assert complaints(source, room, () if room == TOP else tuple(room.split("/"))) != []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        (
            "mint",
            "from __future__ import annotations\nimport json\nimport requests\nfrom . import polling\nfrom .schema import Operation",
        ),
        ("files", "import numpy as np\nimport zstandard\nfrom .glb import read"),
        ("files", "from concurrent.futures import ThreadPoolExecutor"),
        (
            "jobs",
            "import threading, queue, sqlite3\nfrom ..mint.client import Client\nfrom ..files import download",
        ),
        (
            "cli",
            "from ..jobs import board\ndef f():\n    import rich\n    from ..scene import importer",
        ),
        (
            "ui",
            "import bpy\nfrom mathutils import Matrix\nfrom .. import __package__ as ADDON\nfrom ..jobs import board\nfrom ..scene import world",
        ),
        ("scene", "import bpy\nfrom ..files import glb\nfrom .blocks import DataSnapshot"),
        (TOP, "def generate():\n    from .cli import run\n    import bpy"),
    ],
)
def test_allowed_imports_are_accepted(room, source):
    """The rules are not stricter than the design."""
    assert complaints(source, room, () if room == TOP else tuple(room.split("/"))) == []


def test_the_code_map_in_contributing_is_correct():
    """The map lists every room, and each file and folder that it names exists."""
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE)
    assert set(rows) == set(ROOMS) - {TOP}
    named = re.findall(r"`((?:[\w.-]+/)+(?:[\w.-]+)?|\w+\.py)`", text)
    places = (PACKAGE, PACKAGE.parent)
    assert len(named) > 50
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def rebinding(source: str) -> list[int]:
    """Return the lines of the `global` statements of a module."""
    return [node.lineno for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Global)]


def test_no_module_has_a_global_statement() -> None:
    """State that changes at run time is an attribute of an object with an owner."""
    found = {
        str(path.relative_to(PACKAGE)): lines
        for path, _, _ in modules()
        if (lines := rebinding(path.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_a_global_statement_is_found() -> None:
    """A statement in a method or in an inner function is found too."""
    source = "class A:\n    def f(self):\n        def g():\n            global known\n"
    assert rebinding(source) == [4]


def test_importing_the_package_loads_nothing_else():
    """`import mint_blender` loads neither Blender nor requests nor a room."""
    program = (
        "import sys; before = set(sys.modules); import mint_blender; new = set(sys.modules) - before;"
        "print(sorted(name for name in new if name.split('.')[0] in ('bpy', 'requests', 'numpy', 'zstandard', 'urllib3')"
        " or name.startswith('mint_blender.')))"
    )
    done = captured([sys.executable, "-c", program], cwd=PACKAGE.parent, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("room", ["mint", "files", "jobs"])
def test_the_lower_rooms_work_without_blender(room):
    """Every module of the lower rooms can be imported where `bpy` does not exist."""
    names = [
        ".".join(("mint_blender", *parts, path.stem)).removesuffix(".__init__")
        for path, where, parts in modules()
        if where == room
    ]
    program = f"import sys, importlib; sys.modules['bpy'] = None\nfor name in {names!r}: importlib.import_module(name)\nprint('good')"
    done = captured([sys.executable, "-c", program], cwd=PACKAGE.parent)
    assert done.stdout.strip() == "good", done.stderr


# -- tests of the sizes of functions, files and rooms


ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(PACKAGE.rglob("*.py"))


def line_count(path: Path) -> int:
    """Return the number of lines in a file."""
    return path.read_text(encoding="utf-8").count("\n")


def function_sizes() -> dict[str, int]:
    """Return the number of lines of each function in the package, by module and line."""
    return {
        f"{path.relative_to(PACKAGE)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_functions_are_short() -> None:
    """A function of more than 60 lines asks for a second look."""
    assert {name: size for name, size in function_sizes().items() if size > 60} == {}


def test_files_are_short() -> None:
    """A file of more than 700 lines asks for a second look, also in the tests."""
    files = [*MODULES, *sorted((ROOT / "tests").rglob("*.py"))]
    sizes = {str(path.relative_to(ROOT)): line_count(path) for path in files}
    assert {name: size for name, size in sizes.items() if size > 700} == {}


def test_no_room_is_too_large() -> None:
    """The largest room has less than a third of the package's lines."""
    rooms: Counter[str] = Counter()
    for path in MODULES:
        rooms[path.relative_to(PACKAGE).parts[0]] += line_count(path)
    name, largest = rooms.most_common(1)[0]
    assert largest < rooms.total() / 3, name
