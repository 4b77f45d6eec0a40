# SPDX-License-Identifier: GPL-3.0-or-later
"""Which motions a character gets: the lines of the dialog *Animate* and of the form."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import bpy

from ...message import Message
from ..text_wrap import wrapped
from ..translations import translated
from . import saved_settings

if TYPE_CHECKING:
    from ...mint.motion_request import MotionRequest

OFFERED = ("idle", "walk", "run", "jump")
"""The properties of the motions that are offered, in the order of `SUGGESTIONS`."""
_CATALOG = Message("Mint picks the closest motion of its catalog. It is made for humanoids.")
_OTHERS = Message("Others, such as {example}", example="wave|sit")
_IN_DIALOG = {"SKIP_SAVE", "HIDDEN"}


def _changed(choice: Any, context: bpy.types.Context) -> None:
    if isinstance(choice, bpy.types.PropertyGroup):  # the form; a dialog has a check of its own
        saved_settings.form_changed()


class MotionChoice:
    """The motions that can be ticked, and a field for others."""

    idle: bpy.props.BoolProperty(
        name="Idle", description="Stand and breathe", options=_IN_DIALOG, update=_changed
    )
    walk: bpy.props.BoolProperty(
        name="Walk in Place",
        description="Walk without leaving the spot",
        options=_IN_DIALOG,
        update=_changed,
    )
    run: bpy.props.BoolProperty(
        name="Run in Place",
        description="Run without leaving the spot",
        options=_IN_DIALOG,
        update=_changed,
    )
    jump: bpy.props.BoolProperty(
        name="Jump", description="Jump on the spot", options=_IN_DIALOG, update=_changed
    )
    motions: bpy.props.StringProperty(
        name="Other Motions",
        description="What it does, in English. Several with | between",
        options={"SKIP_SAVE"},
        update=_changed,
    )


def draw(layout: bpy.types.UILayout, choice: Any, ordered: Collection[str] = ()) -> None:
    """Draw a line for each motion, and the field; `ordered` are words from before."""
    from ...mint.motion_request import SUGGESTIONS

    column = layout.column(align=True)
    for name, words in zip(OFFERED, SUGGESTIONS, strict=True):
        label = Message(words)
        if words.casefold() in ordered:
            label = Message("{motion} · ordered before", motion=label)
        column.prop(choice, name, text=translated(label), translate=False)
    # as a label, German words would be cut off
    layout.prop(choice, "motions", text="", placeholder=translated(_OTHERS))


def draw_catalog(layout: bpy.types.UILayout, width: int) -> None:
    """Draw what is known about how Mint makes a motion."""
    wrapped(layout, _CATALOG, icon="INFO", width=width)


def chosen(choice: Any) -> list[str]:
    """Return the words of all motions, each once."""
    from ...mint.motion_request import SUGGESTIONS, motions_in

    pairs = zip(OFFERED, SUGGESTIONS, strict=True)
    offered = [words for name, words in pairs if getattr(choice, name)]
    return list(dict.fromkeys([*offered, *motions_in(choice.motions)]))


def choose(choice: Any, words: Collection[str]) -> None:
    """Tick what is offered of these words, and write the others into the field."""
    from ...mint.motion_request import SUGGESTIONS

    for name, offered in zip(OFFERED, SUGGESTIONS, strict=True):
        setattr(choice, name, offered in words)
    choice.motions = " | ".join(word for word in words if word not in SUGGESTIONS)


def requests(
    choice: Any, meters: float | None = None, *, in_place: bool = False
) -> "list[MotionRequest]":
    """Return a request for each motion; what is offered "in Place" does not travel."""
    from ...mint.motion_request import SUGGESTIONS, MotionRequest

    stays = {words for words in SUGGESTIONS if words.endswith("in Place")}
    return [MotionRequest(words, meters, in_place or words in stays) for words in chosen(choice)]
