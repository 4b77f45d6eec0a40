# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the operators; needs Blender with the add-on registered."""

from __future__ import annotations

from dataclasses import dataclass

import bpy

from . import markdown
from .blender_properties import default, description, type_name, visible

INTRODUCTION = """\
Scripts, keymaps and Blender's search (F3) call these. With a window, an operator that talks to Mint
returns at once, and its job continues in the background. In `--background`, `generate` runs its job
to the end and raises `RuntimeError` when it fails. Arguments are keywords, as in
`bpy.ops.mint.generate(prompt="a small ceramic lamp", preset='FAST')`."""

TOPICS = {
    "create": "Generate",
    "references": "Reference images",
    "review": "Review",
    "job_list": "Jobs",
    "library_browser": "Library",
    "asset_bar": "Library",
    "selection": "Selected model",
    "clips": "Clips",
    "worlds": "Worlds",
    "after": "After the result",
    "viewport": "Viewport",
    "account": "Account and downloads",
}
"""The heading for each package of the interface, in the order of the page."""


@dataclass(frozen=True)
class Operator:
    """A registered operator."""

    name: str
    topic: str
    properties: list[bpy.types.Property]
    label: str
    description: str


def registered() -> list[Operator]:
    """Return the operators that Blender's search finds, by name; buttons have some more."""
    classes = ((name, getattr(bpy.types, f"MINT_OT_{name}")) for name in sorted(dir(bpy.ops.mint)))
    return [
        _operator(name, each)
        for name, each in classes
        if "INTERNAL" not in getattr(each, "bl_options", ())
    ]


def page() -> str:
    """Return the page as Markdown."""
    public = registered()
    blocks: list[list[str] | str] = []
    for topic in dict.fromkeys([*TOPICS.values(), *(each.topic for each in public)]):
        chosen = [each for each in public if each.topic == topic]
        blocks += [f"## {topic}"] if chosen else []
        blocks += [block for each in chosen for block in _section(each)]
    return markdown.page("# Operators", INTRODUCTION, *blocks)


def _operator(name: str, cls: type[bpy.types.Operator]) -> Operator:
    rna = getattr(bpy.ops.mint, name).get_rna_type()
    package = cls.__module__.partition(".ui.")[2].partition(".")[0]
    return Operator(
        name,
        TOPICS.get(package, package),
        visible(rna.properties),
        rna.name,
        rna.description,
    )


def _section(operator: Operator) -> list[list[str] | str]:
    """Return the blocks about one operator."""
    text = f"**{markdown.escaped(operator.label)}.** {markdown.escaped(operator.description)}."
    rows = [
        (markdown.code(each.identifier), type_name(each), default(each), description(each))
        for each in operator.properties
    ]
    head = ("argument", "type", "default", "meaning")
    return [f"### mint.{operator.name}", text, markdown.table(head, rows) if rows else ""]
