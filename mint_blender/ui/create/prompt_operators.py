# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands beside the prompt: earlier prompts, examples and style presets.

The journal knows the earlier prompts. Style presets are words that are added to a prompt, under a
name that the user has given them. They are kept in a file in the folder of Blender's preferences,
which can be edited, copied to another computer, or deleted. It is written at the first change.
Both are read when the form was drawn, never while drawing.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import bpy

from ...message import Message, UserError
from .. import heartbeat, session
from ..job_actions import Result, attempt, report_error
from ..operator_bases import ButtonOperator, MintOperator
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

    def execute(self, context: bpy.types.Context) -> Result:
        """Put the words into the form."""
        create_properties.of(context).style = self.words
        return {"FINISHED"}


class MINT_OT_save_style(MintOperator):
    """Keep words for the end of a prompt under a name."""

    bl_idname = "mint.save_style"
    bl_label = "Save Style Preset"

    name: bpy.props.StringProperty(
        name="Name", description="Name of the style preset", options={"SKIP_SAVE"}
    )
    words: bpy.props.StringProperty(
        name="Style", description="Words that are added to the prompt", options={"SKIP_SAVE"}
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for the name, with the words of the form."""
        self.words = self.words or create_properties.of(context).style
        return context.window_manager.invoke_props_dialog(
            self, width=360, confirm_text="Save Preset"
        )

    def execute(self, context: bpy.types.Context) -> Result:
        """Write the file; a preset of that name is replaced."""
        style = Style(self.name.strip(), self.words.strip())
        if not (style.name and style.words):
            return report_error(self, Message("Enter a name and the words of the style."))
        return attempt(self, lambda: save(style))


class MINT_OT_remove_style(ButtonOperator):
    """Remove this style preset."""

    bl_idname = "mint.remove_style"
    bl_label = "Remove Style Preset"

    name: bpy.props.StringProperty(
        name="Name", description="Name of the style preset", options={"SKIP_SAVE"}
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for confirmation."""
        return context.window_manager.invoke_confirm(
            self, event, title="Remove Style Preset", message=self.name, confirm_text="Remove"
        )

    def execute(self, context: bpy.types.Context) -> Result:
        """Write the file without it."""
        return attempt(self, lambda: remove(self.name))


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
    """Words to add to the prompt."""

    bl_label = "Style Presets"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the presets, and the way to another one."""
        layout = self.layout
        none = layout.operator(
            # Blender has its own word for it in the names of operators
            "mint.use_style",
            text=translated(Message("None")),
            translate=False,
        )
        none.words = ""
        layout.operator_context = "INVOKE_DEFAULT"
        for style in known():
            row = layout.row(align=True)  # without it, Blender draws a staircase
            row.operator("mint.use_style", text=style.name, translate=False).words = style.words
            row.operator("mint.remove_style", text="", icon="X").name = style.name
        layout.separator()
        layout.operator("mint.save_style", text="Save Style Preset…", icon="ADD")


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
    styles: "tuple[Style, ...] | None" = None
    """The style presets as last read; None before the first look."""


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
    """Read the style presets once, and the earlier prompts if there may be others by now."""
    _prepare_styles()
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


FILE = "mint_styles.json"


class Style(NamedTuple):
    """Words for the end of a prompt."""

    name: str
    words: str


FIRST = (
    Style(Message("Clay"), Message("unpainted gray clay")),
    Style(Message("Low Poly"), Message("low poly, flat colors")),
    Style(Message("Realistic"), Message("photorealistic, fine surface detail")),
    Style(Message("Stylized"), Message("stylized, hand-painted textures")),
)
"""The presets of a user who has not changed any, in the language of the interface."""


class StyleError(UserError):
    """The file cannot be read or written; the message says why."""


def known() -> tuple[Style, ...]:
    """Return the presets as last read, sorted by name."""
    return _state().styles or ()


def _prepare_styles() -> None:
    state = _state()
    if state.styles is not None:
        return
    try:
        state.styles = _read()
    except StyleError:  # the next change reports it
        state.styles = _first()
    heartbeat.redraw()


def save(style: Style) -> None:
    """Add a preset, or replace the one with its name.

    Raises:
        StyleError: The file cannot be read or written, so nothing was changed.
    """
    _write([*(preset for preset in _read() if preset.name != style.name), style])


def remove(name: str) -> None:
    """Remove a preset.

    Raises:
        StyleError: The file cannot be read or written, so nothing was changed.
    """
    _write([style for style in _read() if style.name != name])


def file() -> Path:
    """Return the file, which may not exist."""
    return Path(bpy.utils.user_resource("CONFIG")) / FILE


def _first() -> tuple[Style, ...]:
    return tuple(Style(translated(style.name), translated(style.words)) for style in FIRST)


def _read() -> tuple[Style, ...]:
    import json

    path = file()
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return tuple(Style(str(entry["name"]), str(entry["words"])) for entry in entries)
    except FileNotFoundError:
        return _first()
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise StyleError(
            Message("The style presets cannot be read. Repair or delete {file}.", file=str(path))
        ) from error


def _write(styles: list[Style]) -> None:
    """Replace the file at once, so that it is whole at any time."""
    import json

    from ...files import disk

    styles.sort(key=lambda style: style.name.casefold())
    path = file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        text = [{"name": style.name, "words": style.words} for style in styles]
        with disk.replacing(path) as part:
            part.write_text(json.dumps(text, ensure_ascii=False, indent=1), encoding="utf-8")
    except OSError as error:
        raise StyleError(
            Message(
                "The style presets cannot be written to {file}: {reason}.",
                file=str(path),
                reason=error.strerror or str(error),
            )
        ) from error
    _state().styles = tuple(styles)
