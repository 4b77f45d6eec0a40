# SPDX-License-Identifier: GPL-3.0-or-later
"""Let panels, menus and rows draw into a layout that notes what is put into it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

Draw = Callable[..., object]
"""A function that draws into the layout that it gets first, or into that of its `self`."""
Call = tuple[Any, ...]
"""A call of the layout: its name, its words, its text and its factor.

What is set has the name `url =`, as that of a button or `alert =` of a row.
"""


class Layout:
    """A layout that notes each call, also of the layouts in it; closed sections draw nothing."""

    _calls: list[Call]
    _is_open: bool

    def __init__(self, calls: list[Call], *, is_open: bool = True) -> None:
        vars(self).update(_calls=calls, _is_open=is_open)

    def __setattr__(self, name: str, value: object) -> None:
        self._calls.append((f"{name} =", value, None, None))

    def __getattr__(self, name: str) -> Any:
        def take(*words: Any, **more: Any) -> Any:
            self._calls.append((name, *words, more.get("text"), more.get("factor")))
            inside = Layout(self._calls, is_open=self._is_open)
            return (inside, inside if self._is_open else None) if name == "panel" else inside

        return take


def sidebar(*, width: int = 300, height: int = 900) -> Any:
    """Return the context of a sidebar of this size in pixels, with what is active and open now."""
    import bpy

    return SimpleNamespace(
        active_object=bpy.context.active_object,
        area=None,
        region=SimpleNamespace(width=width, height=height),
        scene=bpy.context.scene,
        screen=bpy.context.screen,
        space_data=None,
        window_manager=bpy.context.window_manager,
    )


def calls_of(draw: Draw, *more: Any, is_open: bool = True, **options: Any) -> list[Call]:
    """Return each call of the layout."""
    calls: list[Call] = []
    draw(Layout(calls, is_open=is_open), *more, **options)
    return calls


def drawn_by(draw: Draw, *more: Any, **options: Any) -> Counter[str]:
    """Return what is drawn: operators by their names, labels by their texts, all else by its kind."""
    return counted(calls_of(draw, *more, **options))


def counted(calls: list[Call]) -> Counter[str]:
    """Return what calls of a layout draw."""
    drawn: Counter[str] = Counter()
    for name, *words, text, _ in calls:
        drawn[words[0] if name == "operator" else name] += 1
        if name == "label":
            drawn[text or ""] += 1
    return drawn


def in_class(draw: Draw) -> Draw:
    """Return the method `draw` of a panel, menu or header as a function of a layout."""
    return lambda layout, context: draw(SimpleNamespace(layout=layout), context)
