# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender knows of us while the add-on is enabled, in one list; all of it is gone when it is disabled."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import bpy

from ..scene import landing_step
from . import current, heartbeat, menus, notices, panel, pictures, translations
from .account import account_operators, balance_watch, disk, usage_chart
from .account.preferences_page import MintPreferences
from .create import batch_text, form
from .job_list import after_operators, drafts, in_file, job_card, job_groups, job_operators, operators
from .library_browser import library_child, library_jobs, library_operators, library_panel, library_view
from .pricing import asking, confirm, pending_dialogs
from .references import reference_operators, reference_panel, references
from .worlds import look_inside, world_operators, world_panel

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
    *landing_step.CLASSES,
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

_log = logging.getLogger(__name__)

_undo: list[Callable[[], object]] = []
"""What takes back each part that was made known, in the order in which they were."""


def register() -> None:
    """Make everything known, and go on with what an earlier Blender began. If a part fails, the others are taken back."""
    try:
        for do, undo in _parts():
            _begin(do, undo)
            _undo.append(undo)
    except Exception:
        unregister()
        raise


def _begin(do: Callable[[], object], undo: Callable[[], object]) -> None:
    try:
        do()
    except Exception:
        with suppress(Exception):  # as far as it came
            undo()
        raise


def unregister() -> None:
    """Take everything back, last come first gone. What goes wrong with one part is logged, and leaves no other one behind."""
    while _undo:
        undo = _undo.pop()
        try:
            undo()
        except Exception:
            _log.exception("A part of the add-on could not be taken back")


def _parts() -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
    """Each part with what takes it back."""
    yield translations.register, translations.unregister
    for each in CLASSES:
        yield partial(bpy.utils.register_class, each), partial(bpy.utils.unregister_class, each)
    for name, made in _properties():
        yield partial(setattr, bpy.types.WindowManager, name, made), partial(delattr, bpy.types.WindowManager, name)
    for module in (menus, batch_text, world_panel, look_inside):
        yield module.add, module.remove
    yield _add_command, _remove_command
    yield disk.start_log, disk.stop_log
    for forget in _FORGETTING:
        yield _nothing, forget
    yield partial(form.hear, asking.form_changed), form.deafen
    yield partial(current.when_opened, notices.forget_past), current.forget
    yield partial(library_view.hear, heartbeat.listen, heartbeat.look), _nothing
    yield partial(in_file.add, heartbeat.redraw), in_file.remove
    yield heartbeat.start, heartbeat.stop


_FORGETTING: tuple[Callable[[], object], ...] = (
    references.forget,
    library_jobs.forget,
    library_view.forget,
    library_child.stop,
    usage_chart.forget,
    pending_dialogs.forget,
    pictures.forget,
    job_groups.forget,
    confirm.forget,
    balance_watch.forget,
    asking.forget,
)

_commands: list[Any] = []


def _properties() -> Iterator[tuple[str, Any]]:
    """What is kept in the window manager."""
    yield "mint", bpy.props.PointerProperty(type=form.MintForm)
    yield "mint_drafts", bpy.props.CollectionProperty(type=drafts.MintDraft)
    yield "mint_library", bpy.props.PointerProperty(type=library_view.MintLibrary)
    yield "mint_references", bpy.props.CollectionProperty(type=references.MintReference)


def _add_command() -> None:
    _commands.append(bpy.utils.register_cli_command("mint", _run_command))


def _remove_command() -> None:
    while _commands:
        bpy.utils.unregister_cli_command(_commands.pop())


def _nothing() -> None:
    """There is nothing to do in this direction."""


def _run_command(arguments: list[str]) -> int:
    from ..cli.commands import from_blender

    return from_blender(arguments)
