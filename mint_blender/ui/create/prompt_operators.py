# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands beside the prompt: earlier prompts, examples, a text, and styles."""

from typing import Any

import bpy

from ...message import Message
from .. import heartbeat
from ..icons import icon_number
from ..job_actions import Result, change, report_error
from ..translations import translated
from ..typed_context import all_areas, layout_of
from . import properties as create_properties

SHOWN = 60  # letters of a prompt in a menu
TEXTS = 20  # texts of the file in a menu


class MINT_OT_choose_prompt(bpy.types.Operator):
    """Put this prompt into the form."""

    bl_idname = "mint.choose_prompt"
    bl_label = "Choose Prompt"
    bl_options = {"INTERNAL"}

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
        from . import prompts

        fields = create_properties.of(context)
        prompts.keep_unsent(fields.prompt)
        fields.prompt, fields.text = self.prompt, None
        return {"FINISHED"}


class MINT_OT_write_prompt(bpy.types.Operator):
    """Continue the prompt in a text of the Text Editor, which has room for more."""

    bl_idname = "mint.write_prompt"
    bl_label = "Write Prompt in Text Editor"
    bl_options = {"REGISTER"}

    def execute(self, context: bpy.types.Context) -> Result:
        """Make a text from the prompt, and show it in an editor."""
        fields = create_properties.of(context)
        text = fields.text
        if text is None:
            text = bpy.data.texts.new("Prompt")
            text.write(fields.prompt)
            fields.text = text
        if not bpy.app.background:
            _show(text)
        return {"FINISHED"}


class MINT_OT_use_text(bpy.types.Operator):
    """Use this text as the prompt instead of the field."""

    bl_idname = "mint.use_text"
    bl_label = "Use Text as Prompt"
    bl_options = {"INTERNAL"}

    text: bpy.props.StringProperty(
        name="Text", description="A text of this file", options={"SKIP_SAVE"}
    )

    def execute(self, context: bpy.types.Context) -> Result:
        """Choose the text; an unknown one changes nothing."""
        text: bpy.types.Text | None = bpy.data.texts.get(self.text)
        if text is None:
            return {"CANCELLED"}
        create_properties.of(context).text = text
        heartbeat.redraw()
        return {"FINISHED"}


class MINT_OT_use_style(bpy.types.Operator):
    """Add these words to the prompt when it is sent."""

    bl_idname = "mint.use_style"
    bl_label = "Use Style"
    bl_options = {"INTERNAL"}

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


class MINT_OT_save_style(bpy.types.Operator):
    """Keep words for the end of a prompt under a name."""

    bl_idname = "mint.save_style"
    bl_label = "Save Style Preset"
    bl_options = {"REGISTER"}

    name: bpy.props.StringProperty(
        name="Name", description="Name of the style preset", options={"SKIP_SAVE"}
    )
    words: bpy.props.StringProperty(
        name="Style", description="Words that are added to the prompt", options={"SKIP_SAVE"}
    )
    instead_of: bpy.props.StringProperty(
        name="Earlier Name",
        description="Name of the preset that is changed",
        options={"SKIP_SAVE", "HIDDEN"},
    )

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> Result:
        """Ask for the name, with the words of the form."""
        self.words = self.words or create_properties.of(context).style
        return context.window_manager.invoke_props_dialog(
            self, width=360, confirm_text="Save Preset"
        )

    def execute(self, context: bpy.types.Context) -> Result:
        """Write the file; the form keeps to a preset whose words were changed."""
        from . import styles

        style = styles.Style(self.name.strip(), self.words.strip())
        if not (style.name and style.words):
            return report_error(self, Message("Enter a name and the words of the style."))
        fields = create_properties.of(context)
        before = next((each for each in styles.known() if each.name == self.instead_of), None)
        if before is not None and fields.style == before.words:
            fields.style = style.words
        instead_of = self.instead_of
        return change(self, lambda: styles.save(style, instead_of=instead_of), styles.FileError)


class MINT_OT_remove_style(bpy.types.Operator):
    """Remove this style preset."""

    bl_idname = "mint.remove_style"
    bl_label = "Remove Style Preset"
    bl_options = {"INTERNAL"}

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
        from . import styles

        return change(self, lambda: styles.remove(self.name), styles.FileError)


class MINT_MT_prompts(bpy.types.Menu):
    """Earlier prompts and examples."""

    bl_label = "Prompts"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the earlier prompts, newest first, then the examples and the texts of the file."""
        from . import prompts

        layout, kind = layout_of(self), create_properties.of(context).kind
        if earlier := prompts.earlier():
            layout.label(text="Earlier Prompts")
            for prompt in earlier:
                _draw_prompt(layout, prompt)
            layout.separator()
        layout.label(text="Examples")
        for example in prompts.EXAMPLES[kind]:
            _draw_prompt(layout, translated(example))
        layout.separator()
        layout.menu("MINT_MT_prompt_text", icon_value=icon_number("TEXT"))


class MINT_MT_prompt_text(bpy.types.Menu):
    """Write a long prompt in a text of the Text Editor."""

    bl_label = "Prompt from Text"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the way to a new text, then the texts of the file."""
        layout = self.layout
        layout.operator("mint.write_prompt", icon="ADD")
        texts = bpy.data.texts[:TEXTS]
        if texts:
            layout.separator()
        for text in texts:
            layout.operator(
                "mint.use_text", text=text.name, translate=False, icon="TEXT"
            ).text = text.name


class MINT_MT_styles(bpy.types.Menu):
    """Words to add to the prompt."""

    bl_label = "Style Presets"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the presets, and the way to another one."""
        from . import styles

        layout = self.layout
        none = layout.operator(
            # Blender has its own word for it in the names of operators
            "mint.use_style",
            text=translated(Message("None")),
            translate=False,
        )
        none.words = ""
        layout.operator_context = "INVOKE_DEFAULT"
        for style in styles.known():
            row = layout.row()
            row.operator("mint.use_style", text=style.name, translate=False).words = style.words
            edit = row.operator("mint.save_style", text="", icon="GREASEPENCIL")
            edit.name, edit.words, edit.instead_of = style.name, style.words, style.name
            row.operator("mint.remove_style", text="", icon="X").name = style.name
        layout.separator()
        layout.operator("mint.save_style", text="Save Style Preset…", icon="ADD")


def _draw_prompt(layout: bpy.types.UILayout, prompt: str) -> None:
    line = " ".join(prompt.split())
    shown = line if len(line) <= SHOWN else f"{line[:SHOWN].rstrip()}…"
    layout.operator("mint.choose_prompt", text=shown, translate=False).prompt = prompt


def _show(text: bpy.types.Text) -> None:
    """Show a text in a Text Editor that is open, else in a new window."""
    editor = next((area for area in all_areas() if area.type == "TEXT_EDITOR"), None)
    if editor is None:
        bpy.ops.wm.window_new()
        editor = bpy.context.window_manager.windows[-1].screen.areas[0]
        editor.type = "TEXT_EDITOR"
    space: Any = editor.spaces.active
    space.text = text
    space.show_word_wrap = True
