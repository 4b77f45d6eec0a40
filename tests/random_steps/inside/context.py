# SPDX-License-Identifier: GPL-3.0-or-later
"""Call operators as a user does: in a window, with an undo step, and with a refusal as an answer."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any, TypeVar

import bpy

Thing = TypeVar("Thing")


class NotNow(Exception):
    """The step does not apply to what is there."""


def windows() -> list[bpy.types.Window]:
    """Return the open windows."""
    return list(bpy.context.window_manager.windows)


def area(kind: str = "VIEW_3D") -> tuple[bpy.types.Window, bpy.types.Area]:
    """Return the first area of a kind, and its window. Raises NotNow."""
    for window in windows():
        for each in window.screen.areas:
            if each.type == kind:
                return window, each
    raise NotNow(f"no {kind}")


def within_view() -> Any:
    """Return the context of a 3D View, else of the first window alone."""
    try:
        window, view = area()
    except NotNow:
        return bpy.context.temp_override(window=windows()[0])
    region = next(each for each in view.regions if each.type == "WINDOW")
    return bpy.context.temp_override(window=window, area=view, region=region)


def call(name: str, how: str = "EXEC_DEFAULT", **arguments: Any) -> set[str]:
    """Call an operator with an undo step of its own, as from a menu."""
    group, _, word = name.partition(".")
    with within_view():
        found: set[str] = getattr(getattr(bpy.ops, group), word)(how, True, **arguments)
    return found


def scene() -> bpy.types.Scene:
    """Return the scene of the first window."""
    return windows()[0].scene


def active() -> bpy.types.Object | None:
    """Return the active object of the first window."""
    return windows()[0].view_layer.objects.active


def mode() -> str:
    """Return the mode of the active object."""
    return active().mode if active() is not None else "OBJECT"


def object_mode() -> None:
    """Leave any other mode, or raise NotNow."""
    if mode() != "OBJECT":
        raise NotNow(f"in {mode()}")


def one_of(chance: Random, things: Sequence[Thing]) -> Thing:
    """Return one of these. Raises NotNow if there is none."""
    if not things:
        raise NotNow("nothing to choose from")
    return chance.choice(things)
