# SPDX-License-Identifier: GPL-3.0-or-later
"""The imports of each module, read from the source, and the rules for imports between rooms."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from functools import cache

from .sources import PACKAGE as PACKAGE
from .sources import sources

TOP = "top"  # the modules beside the rooms: __init__, __main__
COMMON = {
    "json_text",
    "message",
}  # modules that every room may import, and that import no room
BLENDERS_OWN = {
    *("addon_utils", "bl_ui", "blf", "bmesh", "bpy", "bpy_extras", "gpu", "gpu_extras", "imbuf"),
    *("io_scene_gltf2", "mathutils", "nodeitems_utils", "rna_prop_ui"),
}
THREADS_FOR_ONE_USE = {
    ("application", "threading"),  # asks which thread this is, and starts none
    ("ui", "queue"),  # answers from threads
    ("files", "concurrent"),  # a pool that ends with the call: splats are unpacked side by side
    ("delivery", "concurrent"),  # the pool of background Blenders is a context manager
    # the executor of a batch's results; a pool that ends with the server, with the job service
    ("cli", "concurrent"),
}
THREADS = {"_thread", "asyncio", "concurrent", "multiprocessing", "queue", "threading"}
PACKAGES_OF_FOLDERS: dict[tuple[str, ...], set[str]] = {
    ("cli", "mcp_server"): {"PIL", "anyio", "mcp", "mcp_types", "pydantic"}
}
"""External modules that one folder of a room may import at the top of a file."""


@dataclass(frozen=True)
class Room:
    """The modules that a room may import.

    These are other rooms, external modules at the top of a file, and external modules that may be
    imported inside functions only.
    """

    rooms: frozenset[str] = frozenset()
    later_rooms: frozenset[str] = frozenset()
    outside: frozenset[str] = frozenset()
    later_outside: frozenset[str] = frozenset()
    threads: bool = False


def _set(*names: str) -> frozenset[str]:
    return frozenset(names)


ROOMS = {
    "net": Room(outside=_set("requests", "urllib3")),
    "mint": Room(rooms=_set("net"), outside=_set("requests", "urllib3")),
    "files": Room(rooms=_set("net"), outside=_set("numpy", "requests", "urllib3", "zstandard")),
    "jobs": Room(rooms=_set("mint", "files"), outside=_set("requests"), threads=True),
    "scene": Room(rooms=_set("files"), outside=frozenset({"numpy"} | BLENDERS_OWN)),
    "delivery": Room(rooms=_set("scene", "jobs", "mint", "files"), outside=_set("bpy")),
    "ui": Room(
        rooms=_set("delivery", "scene", "jobs", "mint", "files", TOP),
        outside=frozenset({"numpy"} | BLENDERS_OWN),
    ),
    "application": Room(
        rooms=_set("delivery", "jobs", "mint", "files"),
        later_rooms=_set(TOP),
    ),
    "cli": Room(
        rooms=_set("application", "delivery", "jobs", "mint", "files"),
        later_rooms=_set("scene", TOP),
        later_outside=_set("distributed", "rich"),
    ),
    TOP: Room(
        rooms=_set("application", "jobs", "mint"),
        later_rooms=_set("cli", "ui", "scene", "delivery", "files"),
        # `addon_settings` only; another test checks that the package loads nothing by itself
        outside=_set("bpy"),
    ),
}


@dataclass(frozen=True)
class Import:
    """An import statement: its module, and whether it is inside a function."""

    line: int
    module: str
    """Dotted name: absolute, or within the package for a relative import, as in "mint.schema"."""
    level: int
    later: bool
    names: tuple[str, ...] = ()
    """What is imported from the module."""

    @property
    def first(self) -> str:
        return self.module.partition(".")[0]


def room_of(path: str) -> str:
    """Return the room of a module, given by its path or its dotted name in the package."""
    first = path.replace(".", "/").partition("/")[0]
    return first if first in ROOMS else TOP


@cache
def imports_of(source: str, path: str) -> list[Import]:
    """Return the imports of the module at a path in the package."""
    found: list[Import] = []
    package = path.split("/")[:-1]

    def visit(node: ast.AST, later: bool) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            later = True  # read by the type checker only
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            later = True
        if isinstance(node, ast.Import):
            found.extend(Import(node.lineno, name.name, 0, later) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            names = tuple(each.name for each in node.names)
            if node.module:
                module = ".".join((*base, node.module))
                found.append(Import(node.lineno, module, node.level, later, names))
            else:  # in `from .. import mint, __package__`, each name may be a room
                modules = [".".join((*base, name)) for name in names]
                found.extend(Import(node.lineno, each, node.level, later) for each in modules)
        for child in ast.iter_child_nodes(node):
            visit(child, later)

    visit(ast.parse(source), False)
    return found


def complaints(source: str, path: str) -> list[str]:
    """Return the errors in the imports of the module at a path in the package, as texts."""
    return [
        f"line {each.line}: {room_of(path)}/ may not import {each.module}"
        f"{'' if each.later else ' at the top of a file'}"
        for each in imports_of(source, path)
        if not _is_allowed(each, path)
    ]


def _is_allowed(found: Import, path: str) -> bool:
    room = room_of(path)
    rule = ROOMS[room]
    if found.level:
        rooms = {room, *rule.rooms, *(rule.later_rooms if found.later else ())}
        # `from .. import __package__ as ADDON` imports only the name of the add-on
        return room_of(found.module) in rooms or found.module in {"__package__", *COMMON}
    if found.first in THREADS:
        return rule.threads or (room, found.first) in THREADS_FOR_ONE_USE
    return (
        found.first in sys.stdlib_module_names
        or found.first in rule.outside
        or found.first in PACKAGES_OF_FOLDERS.get(tuple(path.split("/")[:2]), ())
        or (found.later and found.first in rule.later_outside)
    )


def neighbors(source: str, path: str, *, every: bool = False) -> set[str]:
    """Return the dotted names that the module at a path imports from the package.

    With `every`, imports inside a function or for the type checker are included. Names that are
    imported from a module are included too, since each may be a module of that package.
    """
    imports = [each for each in imports_of(source, path) if each.level]
    return {
        name
        for each in imports
        if every or not each.later
        for name in (each.module, *(f"{each.module}.{name}" for name in each.names))
    }


def import_graph(*, every: bool = False) -> dict[str, set[str]]:
    """Return the modules that each module imports; `every` counts imports inside functions, too."""
    named = {
        path.removesuffix(".py").replace("/", "."): (source, path)
        for path, source in sources().items()
        if not path.endswith("__init__.py")
    }
    return {name: neighbors(*each, every=every) & set(named) for name, each in named.items()}
