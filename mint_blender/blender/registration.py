# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender knows of us while the add-on is enabled, in one list; all of it is gone when it is disabled."""

from __future__ import annotations

from typing import Any

import bpy

from . import (
    account_operators,
    after_operators,
    asking,
    batch_text,
    confirm,
    disk,
    drafts,
    form,
    heartbeat,
    job_card,
    job_groups,
    job_operators,
    library_child,
    library_jobs,
    library_operators,
    library_panel,
    library_view,
    look_inside,
    menus,
    notices,
    operators,
    panel,
    pictures,
    priced,
    reference_operators,
    reference_panel,
    references,
    translations,
    usage_chart,
    world_operators,
    world_panel,
)
from .preferences_page import MintPreferences

CLASSES: tuple[type, ...] = (
    MintPreferences,
    form.MintForm,
    drafts.MintDraft,
    library_view.MintLibrary,
    heartbeat.MINT_OT_heartbeat,
    notices.MINT_OT_say,
    *operators.CLASSES,
    *job_operators.CLASSES,
    *account_operators.CLASSES,
    *confirm.CLASSES,
    *batch_text.CLASSES,
    *disk.CLASSES,
    *library_operators.CLASSES,
    *after_operators.CLASSES,
    *world_operators.CLASSES,
    *look_inside.CLASSES,
    *reference_operators.CLASSES,
    job_card.MINT_MT_job,
    menus.MINT_MT_add,
    panel.MINT_PT_main,
    reference_panel.MINT_PT_references,
    panel.MINT_PT_more,
    panel.MINT_PT_jobs,
    *world_panel.CLASSES,
    library_panel.MINT_PT_library,
)

_commands: list[Any] = []


def register() -> None:
    """Make everything known, and go on with what an earlier Blender began."""
    translations.register()
    for each in CLASSES:
        bpy.utils.register_class(each)
    bpy.types.WindowManager.mint = bpy.props.PointerProperty(type=form.MintForm)
    bpy.types.WindowManager.mint_drafts = bpy.props.CollectionProperty(type=drafts.MintDraft)
    bpy.types.WindowManager.mint_library = bpy.props.PointerProperty(type=library_view.MintLibrary)
    bpy.types.WindowManager.mint_references = bpy.props.CollectionProperty(type=references.MintReference)
    menus.add()
    batch_text.add()
    world_panel.add()
    look_inside.add()
    _commands.append(bpy.utils.register_cli_command("mint", _run_command))
    disk.start_log()
    form.hear(asking.form_changed)
    library_view.hear(heartbeat.ensure, heartbeat.revive)
    heartbeat.start()


def unregister() -> None:
    """Take everything back, last come first gone."""
    heartbeat.stop()
    form.deafen()
    asking.forget()
    confirm.forget()
    job_groups.forget()
    pictures.forget()
    priced.forget()
    usage_chart.forget()
    library_child.stop()
    library_view.forget()
    library_jobs.forget()
    references.forget()
    disk.stop_log()
    while _commands:
        bpy.utils.unregister_cli_command(_commands.pop())
    look_inside.remove()
    world_panel.remove()
    batch_text.remove()
    menus.remove()
    del bpy.types.WindowManager.mint_references
    del bpy.types.WindowManager.mint_library
    del bpy.types.WindowManager.mint_drafts
    del bpy.types.WindowManager.mint
    for each in reversed(CLASSES):
        bpy.utils.unregister_class(each)
    translations.unregister()


def _run_command(arguments: list[str]) -> int:
    from ..cli.commands import from_blender

    return from_blender(arguments)
