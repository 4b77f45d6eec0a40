# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender knows of us while the add-on is enabled, in one list; all of it is gone when it is
disabled.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import bpy

from ..scene import undo_step
from . import heartbeat, icons, menus, notifications, panel, session, translations
from .account import balance_watch, storage, usage_chart
from .account import operators as account_operators
from .account.preferences import MintPreferences
from .create import batch_text
from .create import properties as create_properties
from .job_list import (
    card,
    follow_up_operators,
    groups,
    job_actions,
    placed_results,
    review_feedback,
)
from .job_list import operators as job_list_operators
from .library_browser import job_lookup, view_model
from .library_browser import operators as library_browser_operators
from .library_browser import panel as library_browser_panel
from .pricing import limit_dialog, pending_dialogs, price_queries
from .references import operators as references_operators
from .references import panel as references_panel
from .references import properties as references_properties
from .worlds import look_inside
from .worlds import operators as worlds_operators
from .worlds import panel as worlds_panel

CLASSES: tuple[type, ...] = (
    MintPreferences,
    create_properties.MintForm,
    review_feedback.MintDraft,
    view_model.MintLibrary,
    heartbeat.MINT_OT_heartbeat,
    notifications.MINT_OT_say,
    *job_actions.CLASSES,
    *job_list_operators.CLASSES,
    *account_operators.CLASSES,
    *limit_dialog.CLASSES,
    *batch_text.CLASSES,
    *storage.CLASSES,
    *library_browser_operators.CLASSES,
    *follow_up_operators.CLASSES,
    *worlds_operators.CLASSES,
    *look_inside.CLASSES,
    *undo_step.CLASSES,
    *references_operators.CLASSES,
    card.MINT_MT_job,
    menus.MINT_MT_add,
    panel.MINT_PT_main,
    references_panel.MINT_PT_references,
    panel.MINT_PT_more,
    panel.MINT_PT_jobs,
    *worlds_panel.CLASSES,
    library_browser_panel.MINT_PT_library,
)

_log = logging.getLogger(__name__)

_undo: list[Callable[[], object]] = []
"""What takes back each part that was made known, in the order in which they were."""


def register() -> None:
    """Make everything known, and go on with what an earlier Blender began.

    If a part fails, the others are taken back.
    """
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
    """Take everything back, last come first gone.

    What goes wrong with one part is logged, and leaves no other one behind.
    """
    while _undo:
        undo = _undo.pop()
        try:
            undo()
        except Exception:  # noqa: BLE001 - the rest must still be undone
            _log.exception("A part of the add-on could not be taken back")


def _parts() -> Iterator[tuple[Callable[[], object], Callable[[], object]]]:
    """Each part with what takes it back."""
    yield translations.register, translations.unregister
    yield session.start, session.end
    for each in CLASSES:
        yield partial(bpy.utils.register_class, each), partial(bpy.utils.unregister_class, each)
    for name, made in _properties():
        yield (
            partial(setattr, bpy.types.WindowManager, name, made),
            partial(delattr, bpy.types.WindowManager, name),
        )
    for module in (menus, batch_text, worlds_panel, look_inside):
        yield module.add, module.remove
    yield _add_command, _remove_command
    yield storage.start_log, storage.stop_log
    for forget in _FORGETTING:
        yield _nothing, forget
    yield partial(create_properties.hear, price_queries.form_changed), create_properties.deafen
    yield partial(session.on_service_opened, notifications.forget_past), _nothing
    yield partial(view_model.hear, heartbeat.listen, heartbeat.look), _nothing
    yield partial(placed_results.add, heartbeat.redraw), placed_results.remove
    yield heartbeat.start, heartbeat.stop


_FORGETTING: tuple[Callable[[], object], ...] = (
    references_properties.forget,
    job_lookup.forget,
    view_model.forget,
    usage_chart.forget,
    pending_dialogs.forget,
    icons.forget,
    groups.forget,
    limit_dialog.forget,
    balance_watch.forget,
    price_queries.forget,
)

_commands: list[Any] = []


def _properties() -> Iterator[tuple[str, Any]]:
    """What is kept in the window manager."""
    yield "mint", bpy.props.PointerProperty(type=create_properties.MintForm)
    yield "mint_drafts", bpy.props.CollectionProperty(type=review_feedback.MintDraft)
    yield "mint_library", bpy.props.PointerProperty(type=view_model.MintLibrary)
    yield "mint_references", bpy.props.CollectionProperty(type=references_properties.MintReference)


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
