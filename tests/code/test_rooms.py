# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests of the rules for imports between the rooms, read from the source."""

from __future__ import annotations

import ast
import re
import sys
from graphlib import TopologicalSorter

import pytest

from ..harness.processes import captured
from .import_graph import COMMON, ROOMS, TOP, complaints, import_graph, imports_of, room_of
from .sources import PACKAGE, ROOT, TESTS, nodes_of, sources


def test_every_folder_has_import_rules() -> None:
    """A new folder in the package must first be added to the rules."""
    assert {path.partition("/")[0] for path in sources() if "/" in path} == set(ROOMS) - {TOP}


@pytest.mark.covers("C14-threads")
def test_imports_follow_the_rules() -> None:
    """A module imports from its own room, the rooms below, and allowed packages."""
    wrong = {path: complaints(source, path) for path, source in sources().items()}
    assert {path: mistakes for path, mistakes in wrong.items() if mistakes} == {}


def test_money_is_asked_of_the_rows_alone() -> None:
    """Neither the phase of a job nor its problem says what may be sent, or what it has cost."""
    money = ("jobs/budget/", "jobs/paid_requests/")
    used = {
        f"{path}: {ast.unparse(node)}"
        for path, source in sources().items()
        if path.startswith(money)
        for node in nodes_of(source)
        if (isinstance(node, ast.Attribute) and ast.unparse(node) in {"job.phase", "job.problem"})
        or (isinstance(node, ast.Name) and node.id == "Phase")
    }
    assert used == set()


def test_shared_modules_import_no_room() -> None:
    """A module that all rooms import must not import any of them."""
    for path in (f"{name}.py" for name in COMMON):
        assert [each.module for each in imports_of(sources()[path], path) if each.level] == []


def test_modules_have_no_import_cycles() -> None:
    """Imports have no cycles inside a room either."""
    assert list(TopologicalSorter(import_graph()).static_order())


JOBS = [
    "phases",
    "database",
    "paid_requests",
    "job_values",
    "job",
    "notes",
    "rejected_files",
    "queries",
    "errors",
    "storage",
    "batch_folder",
    "new_jobs",
    "batch_lines",
    "budget",
    "presentation",
    "workflow",
    "transfers",
    "engine",
    "service",
    "library",
    "diagnostics",
    "child_process",
    "preload",
]
"""The modules and folders of `jobs/`, each above all that it may import."""


def test_the_rooms_in_jobs_point_down() -> None:
    """Imports inside a function or for the type checker count too."""
    height = {name: place for place, name in enumerate(JOBS)}
    up = [
        f"{module} -> {imported}"
        for module, others in import_graph(every=True).items()
        for imported in others
        if module.startswith("jobs.") and imported.startswith("jobs.")
        if height[module.split(".")[1]] < height[imported.split(".")[1]]
    ]
    assert up == []
    assert {path.split(".")[1] for path in import_graph() if path.startswith("jobs.")} == set(JOBS)


def mutual(graph: dict[str, set[str]]) -> set[tuple[str, str]]:
    """Return the pairs of modules that import each other."""
    return {
        (one, other)
        for one, others in graph.items()
        for other in others
        if one < other and one in graph.get(other, set())
    }


def test_no_two_modules_import_each_other() -> None:
    """Imports inside a function or for the type checker count too."""
    assert mutual(import_graph(every=True)) == set()


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("mint", "def f():\n    import bpy"),
        ("mint", "from .. import files"),
        ("mint", "from concurrent.futures import ThreadPoolExecutor"),
        ("cli", "import rich"),
        ("scene", "from ..jobs.job import Job"),
        ("ui", "def f():\n    from ..cli import main"),
        ("ui", "import mint_blender.jobs"),
        (TOP, "from . import files"),
    ],
)
def test_a_forbidden_import_is_found(room: str, source: str) -> None:
    """Each kind of forbidden import is reported, wherever in the file it is."""
    assert complaints(source, "example.py" if room == TOP else f"{room}/example.py") != []


def test_the_code_map_in_contributing_is_correct() -> None:
    """The map lists every room, and each file and folder that it names exists."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)/` \|", text, re.MULTILINE)
    assert set(rows) == set(ROOMS) - {TOP}
    named = re.findall(r"`((?:[\w.-]+/)+(?:[\w.-]+)?|\w+\.py)`", text)
    places = (PACKAGE, ROOT)
    assert len(named) > 50
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_no_module_has_a_global_statement() -> None:
    """State that changes at run time is an attribute of an object with an owner."""
    nodes = [(path, node) for path, source in sources().items() for node in nodes_of(source)]
    assert [path for path, node in nodes if isinstance(node, ast.Global)] == []


def test_importing_the_package_loads_nothing_else() -> None:
    """`import mint_blender` loads neither Blender nor requests nor a room."""
    program = (
        "import sys; before = set(sys.modules); import mint_blender; new = set(sys.modules) - before;"
        "print(sorted(name for name in new if name.split('.')[0] in ('bpy', 'requests', 'numpy', 'zstandard', 'urllib3')"
        " or name.startswith('mint_blender.')))"
    )
    done = captured([sys.executable, "-c", program], cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_the_lower_rooms_work_without_blender() -> None:
    """Every module of the lower rooms can be imported where `bpy` does not exist."""
    names = [
        f"mint_blender/{path}".removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for path in sources()
        if room_of(path) in {"mint", "files", "jobs"}
    ]
    program = f"import sys, importlib; sys.modules['bpy'] = None\nfor name in {names!r}: importlib.import_module(name)\nprint('good')"
    done = captured([sys.executable, "-c", program], cwd=ROOT)
    assert done.stdout.strip() == "good", done.stderr


# -- tests of the sizes of functions and files


def test_functions_are_short() -> None:
    """A function of more than 60 lines asks for a second look."""
    functions = [
        (path, node)
        for path, source in sources().items()
        for node in nodes_of(source)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    assert len(functions) > 1000
    long = [(path, f) for path, f in functions if (f.end_lineno or 0) - f.lineno >= 60]
    assert [f"{path}: {function.name}" for path, function in long] == []


def test_files_are_short() -> None:
    """A file of more than 700 lines asks for a second look, also in the tests."""
    sizes = {path: text.count("\n") for path, text in [*sources().items(), *sources(TESTS).items()]}
    assert {name: size for name, size in sizes.items() if size > 700} == {}
