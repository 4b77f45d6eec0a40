# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe properties of Blender's types: name, type, default and description."""

from __future__ import annotations

from collections.abc import Iterable

import bpy

from . import markdown

TYPES = {"BOOLEAN": "bool", "INT": "int", "FLOAT": "float", "STRING": "str"}
"""The Python type of the values, by Blender's type."""


def visible(properties: Iterable[bpy.types.Property]) -> list[bpy.types.Property]:
    """Return those that a person sets: Blender's own and hidden ones are left out."""
    own = [each for each in properties if each.identifier not in ("rna_type", "bl_idname")]
    return [each for each in own if not each.is_hidden]


def type_name(each: bpy.types.Property) -> str:
    """Return the type of a property's values as Markdown."""
    if each.type == "ENUM":
        words = [markdown.code(repr(item.identifier)) for item in each.enum_items]
        listed = ", ".join(words) or "a word of a list that depends on the context"
        return f"a set of {listed}" if each.is_enum_flag else listed
    if each.type == "COLLECTION":
        return "a list of names"
    name = TYPES[each.type]
    return f"{each.array_length} × `{name}`" if getattr(each, "is_array", False) else f"`{name}`"


def default(each: bpy.types.Property) -> str:
    """Return the default of a property as Markdown; empty where there is none."""
    if each.type == "COLLECTION":
        return ""
    if each.type == "ENUM":
        value = each.default_flag if each.is_enum_flag else each.default
        return markdown.code(repr(value)) if value else ""
    if getattr(each, "is_array", False):
        return markdown.code(repr(tuple(round(part, 6) for part in each.default_array)))
    value = round(each.default, 6) if each.type == "FLOAT" else each.default
    return markdown.code(repr(value))


def description(each: bpy.types.Property) -> str:
    """Return the name and the tooltip of a property as Markdown; a tooltip may have the name."""
    is_said = each.name == each.identifier or each.name.lower() in each.description.lower()
    texts = ("" if is_said else each.name, each.description)
    return ". ".join(markdown.escaped(text) for text in texts if text)
