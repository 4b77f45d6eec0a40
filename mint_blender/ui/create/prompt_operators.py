# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands beside the prompt: earlier prompts, examples and styles.

The journal knows the earlier prompts; they are read when the form was drawn, never while drawing. A
style is words that are added to each prompt. The form keeps them until they are left out.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import bpy

from ...message import Message
from .. import heartbeat, session
from ..job_actions import Result
from ..operator_bases import ButtonOperator
from ..translations import translated
from ..typed_context import layout_of
from . import properties as create_properties

if TYPE_CHECKING:
    from ...jobs.job import Job

SHOWN = 60  # letters of a prompt in a menu


class MINT_OT_choose_prompt(ButtonOperator):
    """Put this prompt into the form."""

    bl_idname = "mint.choose_prompt"
    bl_label = "Choose Prompt"

    prompt: bpy.props.StringProperty(
        name="Prompt", description="What to generate", options={"SKIP_SAVE"}
    )

    @classmethod
    def description(
        cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties
    ) -> str:
        """Return the whole prompt as the tooltip: the menu shows only its beginning."""
        return str(properties.prompt)

    def execute(self, context: bpy.types.Context) -> Result:
        """Replace the prompt; the earlier one can be chosen from the menu again."""
        fields = create_properties.of(context)
        keep_unsent(fields.prompt)
        fields.prompt = self.prompt
        return {"FINISHED"}


class MINT_OT_drop_extra(ButtonOperator):
    """Leave this out."""

    bl_idname = "mint.drop_extra"
    bl_label = "Leave Out"

    name: bpy.props.StringProperty(options={"SKIP_SAVE", "HIDDEN"})

    def execute(self, context: bpy.types.Context) -> Result:
        """Change the form."""
        create_properties.drop_extra(create_properties.of(context), self.name)
        return {"FINISHED"}


class MINT_OT_use_style(ButtonOperator):
    """Add these words to the prompt when it is sent."""

    bl_idname = "mint.use_style"
    bl_label = "Use Style"

    words: bpy.props.StringProperty(
        name="Style", description="Words that are added to the prompt", options={"SKIP_SAVE"}
    )

    @classmethod
    def description(
        cls, context: bpy.types.Context, properties: bpy.types.OperatorProperties
    ) -> str:
        """Return the words as the tooltip: the menu shows only their name."""
        words = str(properties.words)
        return words or translated(Message("Add nothing to the prompt"))

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for the words, when called without any."""
        if self.properties.is_property_set("words"):
            return self.execute(context)
        self.words = create_properties.of(context).style
        return context.window_manager.invoke_props_dialog(self, width=360)

    def execute(self, context: bpy.types.Context) -> Result:
        """Put the words into the form."""
        create_properties.of(context).style = self.words.strip()
        return {"FINISHED"}


class MINT_MT_prompts(bpy.types.Menu):
    """Earlier prompts and examples, a style, or reference images."""

    bl_label = "Prompts"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the earlier prompts, newest first, examples, and what is added to a prompt."""
        layout = layout_of(self)
        kind = create_properties.of(context).kind
        if prompts := earlier():
            layout.label(text="Earlier Prompts")
            for prompt in prompts:
                _draw_prompt(layout, prompt)
            layout.separator()
        layout.label(text="Examples")
        for example in EXAMPLES[kind].values():
            _draw_prompt(layout, translated(example))
        layout.separator()
        layout.menu("MINT_MT_styles", text="Style", icon="PRESET")
        layout.menu("MINT_MT_references", icon="IMAGE_DATA")


class MINT_MT_styles(bpy.types.Menu):
    """Words to add to each prompt."""

    bl_label = "Style"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the styles to begin with, and the way to own words."""
        layout = self.layout
        none = layout.operator(
            # Blender has its own word for it in the names of operators
            "mint.use_style",
            text=translated(Message("None")),
            translate=False,
        )
        none.words = ""
        layout.operator_context = "INVOKE_DEFAULT"
        for name, words in STYLES.items():
            button = layout.operator("mint.use_style", text=translated(name), translate=False)
            button.words = translated(words)
        layout.separator()
        layout.operator("mint.use_style", text="Own Words…", icon="ADD")


def _draw_prompt(layout: bpy.types.UILayout, prompt: str) -> None:
    line = " ".join(prompt.split())
    shown = line if len(line) <= SHOWN else f"{line[:SHOWN].rstrip()}…"
    layout.operator("mint.choose_prompt", text=shown, translate=False).prompt = prompt


EXAMPLES = {
    "MODEL": {
        Message("Lamp"): Message("a small ceramic lamp"),
        Message("Chest"): Message("an old treasure chest"),
        Message("Robot"): Message("a friendly robot"),
    },
    "WORLD": {
        Message("Greenhouse"): Message("an overgrown greenhouse"),
        Message("Harbor"): Message("a harbor town at dusk"),
        Message("Library"): Message("a library in a cave"),
    },
}
"""Prompts that show what can be asked for, by the form's kind and in a word."""

MOST = 12
"""Most earlier prompts in the menu."""
_LOOKED_AT = 200
"""How many of the newest jobs are read for them."""


class _State:
    earlier: tuple[str, ...] | None = None
    """The prompts that were sent, newest first; None as long as the journal was not read."""
    unsent: str = ""
    """What stood in the form when another prompt was chosen."""


def _state() -> _State:
    return session.state(_State)


def earlier() -> tuple[str, ...]:
    """Return the earlier prompts, newest first, each once."""
    state = _state()
    return _distinct([state.unsent, *(state.earlier or ())])


def keep_unsent(prompt: str) -> None:
    """Keep a prompt that another one replaces in the form, so that it can be chosen again."""
    if prompt.strip():
        _state().unsent = prompt.strip()


def prepare() -> None:
    """Read the earlier prompts if there may be others by now."""
    service = session.existing_service()
    if service is None:
        return
    state = _state()
    journal = service.journal
    if session.is_outdated(_State, journal.path, journal.newest(), journal.current_account):
        prompts = _distinct(map(_prompt, journal.newest_jobs(_LOOKED_AT)))
        if prompts != state.earlier:
            state.earlier = prompts
            heartbeat.redraw()


def _prompt(job: "Job") -> str:
    """Return what the user has written for a job; empty if it was not theirs."""
    from ...jobs.job_values import Hold

    is_own = job.source_asset_id is None and job.hold is not Hold.FOREIGN
    return job.request.prompt.strip() if is_own else ""


def _distinct(prompts: Iterable[str]) -> tuple[str, ...]:
    """Return the first prompts that are not empty, each once."""
    return tuple(dict.fromkeys(filter(None, prompts)))[:MOST]


STYLES = {
    Message("Clay"): Message("unpainted gray clay"),
    Message("Low Poly"): Message("low poly, flat colors"),
    Message("Realistic"): Message("photorealistic, fine surface detail"),
    Message("Stylized"): Message("stylized, hand-painted textures"),
}
"""Styles to begin with."""
