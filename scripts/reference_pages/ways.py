# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of what each way in can do; needs Blender with the add-on registered, and MCP.

Names that do not exist, and ones that no row has, fail: each cell is true.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import bpy

import mint_blender
from mint_blender.cli.mcp_server import generate as agent_generate
from mint_blender.cli.mcp_server import server
from mint_blender.cli.parser import COMMANDS, parser
from mint_blender.jobs.batch_lines import FIELDS

from . import commands, markdown

INTRODUCTION = """\
What can be done in Blender's window, with a command, in a line of a [batch](../scripts/batches.md),
in [Python](../scripts/python.md) and by an [agent](../agents.md). Where a way lacks something, the
last column says why."""


class Verb(NamedTuple):
    """Something that can be done, and its name in each way in; empty where there is none."""

    what: str
    operator: str
    command: str
    function: str
    tool: str


VERBS = (
    Verb("generate a model or a World", "generate", "generate", "generate", "generate"),
    Verb("start without waiting", "generate", "", "start", "generate"),
    Verb("see its price", "", "estimate", "estimate", "estimate"),
    Verb("generate many", "", "batch", "batch", ""),
    Verb("approve a Preview", "approve", "approve", "approve", "approve"),
    Verb("revise a Preview", "revise", "revise", "revise", "revise"),
    Verb("continue a job", "resume", "resume", "resume", "resume"),
    Verb("start a failed job again", "retry", "retry", "retry", "retry"),
    Verb("cancel a job", "cancel", "cancel", "cancel", "cancel"),
    Verb("list the jobs", "", "jobs", "jobs", "jobs"),
    Verb("wait for a job", "", "", "", "wait"),
    Verb("remove a job from the list", "dismiss", "dismiss", "", ""),
    Verb("place a result, or write its file", "place", "place", "place", "place"),
    Verb("place what is in the library", "import_asset", "place", "place", "place"),
    Verb("save as FBX, OBJ, STL or USDZ", "", "convert", "convert", "estimate_transform"),
    Verb("export for a game engine", "export", "export", "export", "export"),
    Verb("generate a variation", "generate", "variation", "generate", "generate"),
    Verb("rig and animate", "animate", "animate", "animate", "animate_model"),
    Verb("optimize a model later", "optimize", "optimize", "optimize", "estimate_transform"),
    Verb("put on the floor", "drop_to_floor", "", "drop_to_floor", ""),
    Verb("let fall", "let_fall", "", "let_fall", ""),
    Verb("render a panorama", "render_panorama", "", "render_panorama", ""),
    Verb("render viewpoints", "render_viewpoints", "", "render_viewpoints", ""),
    Verb("save splats", "save_splats", "", "save_splats", ""),
    Verb("throw a shadow on splats", "ground_shadow", "", "ground_shadow", ""),
    Verb("light a World", "mix_with_scene_light", "", "mix_with_scene_light", ""),
    Verb("check a reference image", "add_references", "", "", "reference_image"),
    Verb("list the models", "browse_library", "models", "models", "library"),
    Verb("list the Worlds", "browse_library", "worlds", "worlds", "library"),
    Verb("see Credits and totals", "refresh_account", "usage", "usage", "account"),
    Verb("check the key", "refresh_account", "check", "usage", "account"),
    Verb("find out what is wrong", "copy_diagnostics", "doctor", "", ""),
    Verb("keep an asset library", "", "library", "sync_library", ""),
    Verb("list what in a .blend is from Mint", "", "assets", "", ""),
    Verb("serve agents", "", "mcp", "", ""),
)

OPEN_SCENE = "This is about an open scene; an agent that runs Python in Blender has it."

MISSING = {
    "save as FBX, OBJ, STL or USDZ": "In the window, the export is Blender's own, and free.",
    "see its price": "The window has it on each button.",
    "start without waiting": "A command ends with its job; the shell runs it in the background.",
    "generate many": "An agent may not spend in a loop.",
    "list the jobs": "The window has them in the panel.",
    "wait for a job": "Commands wait by themselves, `start` returns a job with `wait`.",
    "remove a job from the list": "The list is for people.",
    "put on the floor": OPEN_SCENE,
    "let fall": OPEN_SCENE,
    "render a panorama": OPEN_SCENE,
    "render viewpoints": OPEN_SCENE,
    "save splats": OPEN_SCENE,
    "throw a shadow on splats": OPEN_SCENE,
    "light a World": OPEN_SCENE,
    "check a reference image": "The others check it when they start.",
    "find out what is wrong": "It is for people.",
    "keep an asset library": "It is one command for a schedule.",
    "list what in a .blend is from Mint": "Objects have it as custom properties.",
    "serve agents": "It is a server of its own.",
}
"""Why something cannot be done in each way."""

ALIASES = {"image": "images", "approve": "review", "o": "output", "level": "optimize"}
NO_SETTINGS = frozenset(
    {"help", "json", "log_level", "timeout", "yes", "dry_run", "overwrite", "render_size"}
    | {"render_samples", "render_engine", "context", "rna_type", "progress", "id", "meta"}
)
"""What is not about the result: answers, progress and names."""

REASONS = {
    "splats": "In the window a World has buttons for its parts; an agent cannot see them.",
    "style": "Words of yours in Blender's preferences; elsewhere they belong to the prompt.",
    "optimize": "An agent orders it for a finished model: `estimate_transform`.",
    "review": "A person looks at the Preview: in the window, after a command, or with the agent.",
    "max_credits": "The window has limits in its preferences, an agent `approved_credits`.",
    "request_id": "Commands are continued with `resume`, a batch by its lines.",
    "height": "In the window and in Blender, scale the result; a `.glb` is Mint's own file.",
    "location": "Only what places into an open scene has a place.",
    "collection": "Only what places into an open scene has a collection.",
    "output": "The window, Python and agents place; each writes a file with `place`.",
    "export": "Everywhere else, export the finished model.",
    "format": "Elsewhere the ending of the file says it.",
    "render": "Python and the window have Blender's own rendering; agents get a picture.",
    "motions": "Everywhere else, animate the finished model.",
    "collider": "In the window and in Python, change it after the import.",
    "panorama": "In the window and in Python, remove it after the import.",
    "camera": "In the window and in Python, delete it after the import.",
    "rigid_body": "In the window, a button of the World.",
}
"""Why a setting is missing somewhere."""


def page() -> str:
    """Return the page as Markdown. Raises ValueError for a table that is not true."""
    check_verbs()
    head = ("", "window", "command", "Python", "agent", "why not everywhere")
    ways = ("window", "command", "batch line", "Python", "agent")
    return markdown.page(
        "# What each way in can do",
        INTRODUCTION,
        "## What can be done",
        markdown.table(head, map(_verb_row, VERBS)),
        "## Settings of a generation",
        markdown.table(("setting", *ways, "why not everywhere"), _setting_rows()),
    )


def check_verbs() -> None:
    """Raise ValueError for a name that does not exist, or that no row has."""
    functions = {name for name in mint_blender.__all__ if name.islower()}
    tools = {tool.function.__name__ for tool in server.TOOLS}
    for known, named in (
        (set(COMMANDS), {verb.command for verb in VERBS}),
        (functions - {"register", "unregister"}, {verb.function for verb in VERBS}),
        (tools, {verb.tool for verb in VERBS}),
    ):
        if known != named - {""}:
            raise ValueError(f"these are not in both: {sorted(known ^ (named - {''}))}")
    if unknown := {verb.operator for verb in VERBS} - {"", *dir(bpy.ops.mint)}:
        raise ValueError(f"no operators: {sorted(unknown)}")
    if bare := [verb.what for verb in VERBS if "" in verb and verb.what not in MISSING]:
        raise ValueError(f"a gap needs a reason: {bare}")


def _verb_row(verb: Verb) -> tuple[str, ...]:
    operator = f"mint.{verb.operator}" if verb.operator else ""
    names = (operator, verb.command, verb.function, verb.tool)
    return (verb.what, *map(markdown.code, names), MISSING.get(verb.what, ""))


def _setting_rows() -> Iterator[tuple[str, ...]]:
    generate = commands.by_name(parser("mint"))["generate"]
    window = bpy.ops.mint.generate.get_rna_type().properties
    ways: list[set[str]] = [
        _names(setting.identifier for setting in window),
        _names(action.dest for action in generate._actions),
        _names(FIELDS),
        _names(inspect.signature(mint_blender.generate).parameters),
        _names(inspect.signature(agent_generate.estimate).parameters),
    ]
    names = dict.fromkeys(name for way in (ways[3], *ways) for name in sorted(way))
    for name in sorted(names, key=lambda name: -sum(name in way for way in ways)):
        cells = ["✓" if name in way else "" for way in ways]
        yield (markdown.code(name), *cells, "" if all(cells) else REASONS[name])


def _names(found: Iterable[str]) -> set[str]:
    return {ALIASES.get(name, name) for name in found} - NO_SETTINGS
