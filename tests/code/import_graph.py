# SPDX-License-Identifier: GPL-3.0-or-later
"""The imports of each module, read from the source, and the rules for imports between rooms."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "mint_blender"
TOP = "top"  # the modules beside the rooms: __init__, __main__
COMMON = {
    "dataclass",
    "json_text",
    "message",
}  # modules that every room may import, and that import no room
BLENDERS_OWN = {
    *("addon_utils", "bl_ui", "blf", "bmesh", "bpy", "bpy_extras", "gpu", "gpu_extras", "imbuf"),
    *("io_scene_gltf2", "mathutils", "nodeitems_utils", "rna_prop_ui"),
}
THREADS_FOR_ONE_USE = {
    ("ui", "queue"),  # answers from threads
    ("files", "concurrent"),  # a pool that ends with the call: splats are unpacked side by side
    ("delivery", "concurrent"),  # the pool of background Blenders is a context manager
    # the executor of a batch's results; a pool that ends with the server, with the job service
    ("cli", "concurrent"),
}
THREADS = {"_thread", "asyncio", "concurrent", "multiprocessing", "queue", "threading"}
PACKAGES_OF_FOLDERS = {("cli", "mcp_server"): {"PIL", "anyio", "mcp", "mcp_types", "pydantic"}}
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
    "cli": Room(
        rooms=_set("delivery", "jobs", "mint", "files"),
        later_rooms=_set("scene", TOP),
        later_outside=_set("distributed", "rich"),
    ),
    TOP: Room(
        rooms=_set("cli", "jobs", "mint"),
        later_rooms=_set("ui", "scene", "delivery", "files"),
        # `addon_settings` only; another test checks that the package loads nothing by itself
        outside=_set("bpy"),
    ),
}


@dataclass(frozen=True)
class Import:
    """An import statement: its module, what it imports, and whether it is inside a function."""

    line: int
    module: str
    """Dotted name: absolute, or within the package for a relative import, as in "mint.schema"."""
    level: int
    later: bool

    @property
    def first(self) -> str:
        return self.module.partition(".")[0]

    @property
    def room(self) -> str:
        """Return the room that an import within the package leads to."""
        return room_of(tuple(self.module.split(".")))


def room_of(parts: tuple[str, ...]) -> str:
    """Return the room that a module or package is in."""
    return parts[0] if parts and parts[0] in ROOMS else TOP


@cache
def imports_of(source: str, parts: tuple[str, ...]) -> list[Import]:
    """Return the imports of one module.

    `parts` is the package of the module below mint_blender.
    """
    found: list[Import] = []

    def visit(node: ast.AST, later: bool) -> None:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            later = True  # read by the type checker only
        if isinstance(node, ast.Import):
            found.extend(Import(node.lineno, name.name, 0, later) for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            found.extend(_from(node, parts, later))
        for child in ast.iter_child_nodes(node):
            visit(
                child,
                later or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)),
            )

    visit(ast.parse(source), False)
    return found


def _from(node: ast.ImportFrom, parts: tuple[str, ...], later: bool) -> list[Import]:
    if node.level == 0:
        return [Import(node.lineno, node.module or "", 0, later)]
    base = parts[: len(parts) - (node.level - 1)]
    if node.module:
        return [Import(node.lineno, ".".join((*base, node.module)), node.level, later)]
    # `from .. import mint, __package__`: each name may be a room or something of the top module
    return [
        Import(node.lineno, ".".join((*base, name.name)), node.level, later) for name in node.names
    ]


def complaints(source: str, room: str, parts: tuple[str, ...]) -> list[str]:
    """Return the errors in the imports of one module, as texts."""
    wrong = []
    rule = ROOMS[room]
    for found in imports_of(source, parts):
        if found.level:
            target = found.room
            allowed = (
                target == room
                or target in rule.rooms
                or (found.later and target in rule.later_rooms)
            )
            # `from .. import __package__ as ADDON` imports only the add-on's name from the top
            # module
            if not allowed and found.module not in {"__package__", *COMMON}:
                wrong.append(
                    f"line {found.line}: {room}/ may not import {target}/ {'' if found.later else '(at the top of a file)'}".rstrip()
                )
        elif found.first == "mint_blender":
            wrong.append(
                f"line {found.line}: only relative imports; as an extension the package has another name"
            )
        elif found.first in THREADS:
            if not rule.threads and (room, found.first) not in THREADS_FOR_ONE_USE:
                wrong.append(
                    f"line {found.line}: {room}/ knows no threads, but imports {found.module}"
                )
        elif (
            found.first not in sys.stdlib_module_names
            and found.first not in rule.outside
            and found.first not in PACKAGES_OF_FOLDERS.get(parts[:2], ())
            and not (found.later and found.first in rule.later_outside)
        ):
            wrong.append(
                f"line {found.line}: {room}/ may not import {found.module} {'' if found.later else '(at the top of a file)'}".rstrip()
            )
    return wrong


def modules() -> list[tuple[Path, str, tuple[str, ...]]]:
    """Yield the file, the room and the package (within mint_blender) of every module."""
    listed = []
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).parts[:-1]
        listed.append((path, room_of(parts), parts))
    return listed
