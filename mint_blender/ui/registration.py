# SPDX-License-Identifier: GPL-3.0-or-later
"""Register and unregister everything of the interface, in one list.

The order is the one in which panels appear and events are delivered. What follows jobs is imported
and subscribed when the job service is first opened. Subscriptions end with the session.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import ModuleType
from typing import Any

import bpy

from ..scene import undo_step
from . import (
    heartbeat,
    menus,
    missing_modules,
    notifications,
    panel,
    session,
    translations,
    visibility,
)
from .account import preferences
from .after import cameras, export_dialog, floor, light, lighter, splats
from .after import menus as after_menus
from .clips import operators as clip_operators
from .create import operators, prompt_operators, saved_settings
from .create.properties import MintForm
from .job_list import decision_operators, follow_up_operators, list_operators
from .library_browser import operators as library_operators
from .library_browser.properties import MintLibrary
from .manual import links
from .pricing import limit_dialog
from .references import operators as reference_operators
from .review import card_state, preview_operators
from .selection import panel as selection_panel
from .selection import selected
from .viewport import arrival, gizmos, show_result, views, walk
from .worlds import operators as world_operators

_undo: list[Callable[[], object]] = []


def register() -> None:
    """Register everything; if one part fails, undo the others and raise its error."""
    try:
        _register()
    except Exception:
        unregister()
        raise


def unregister() -> None:
    """Unregister everything, the last first. What fails is logged and stops nothing else."""
    while _undo:
        undo = _undo.pop()
        try:
            undo()
        except Exception:  # the rest must still be undone
            log = session.logger(__name__)
            log.exception("A part of the add-on could not be unregistered")


def _register() -> None:
    _add(translations.register, translations.unregister)
    if missing_modules.missing():
        _add_classes(missing_modules)
        return
    _add(session.register, session.unregister)
    _add(lambda: None, visibility.stop)
    _add_classes(notifications)
    session.on_service_opened(notifications.skip_earlier)
    heartbeat.on_jobs_changed(notifications.catch_up)
    _add(preferences.prepare_log, preferences.stop_log)
    _add_classes(preferences.MintPreferences, preferences)
    _add_classes(limit_dialog, selection_panel)
    _append(*selected.HANDLERS)
    visibility.when_drawn(selected.PANEL, selected.prepare)
    _add_classes(clip_operators)
    _append(*clip_operators.MENUS)
    _add_classes(world_operators)
    _add_property("mint_world_scale", world_operators.scale_property(), bpy.types.Object)
    _append(*world_operators.MENUS, *views.HANDLERS, *arrival.HANDLERS)
    _add(views.add_light, views.remove_light)
    _add_classes(floor, light, cameras, splats, export_dialog, lighter, after_menus)
    _append(*after_menus.MENUS)
    _add_classes(MintForm, operators, prompt_operators)
    _add_classes(panel)
    _add_property("mint", bpy.props.PointerProperty(type=MintForm))
    heartbeat.on_file_loaded(saved_settings.restore)
    _add_classes(reference_operators.MintReference, reference_operators)
    _add_property(
        "mint_references", bpy.props.CollectionProperty(type=reference_operators.MintReference)
    )
    _add_classes(preview_operators)
    _add_property("mint_feedback", card_state.feedback_property())
    _add_classes(show_result, walk)
    _append(*show_result.MENUS)
    _add_classes(decision_operators, list_operators, follow_up_operators, undo_step)
    _add_classes(MintLibrary, library_operators, gizmos)
    for group in (gizmos.MINT_GGT_chips, gizmos.MINT_GGT_asset_bar):
        _add_keys(group.bl_label, "VIEW_3D", group.add_keys)
    _add_keys("View2D Buttons List", "EMPTY", operators.MINT_OT_finish_click.add_keys)
    _add_property("mint_library", bpy.props.PointerProperty(type=MintLibrary))
    _add_classes(menus)
    _append(*menus.MENUS)
    _add(links.register, links.unregister)
    session.on_first_use(_follow_jobs)
    session.on_first_use(_follow_list)
    session.on_first_use(_follow_library)
    session.on_first_use(session.workflow_config)
    _follow_drawing()
    _add_classes(heartbeat)
    _add(heartbeat.start, heartbeat.stop)


def _follow_drawing() -> None:
    """Fetch what is shown when it is drawn."""
    visibility.when_drawn("form", _prepare_form)
    visibility.when_drawn("library", _supply_library)
    visibility.when_drawn("asset_bar", _catch_up_bar)
    visibility.when_redrawn(_catch_up_bar)


def _prepare_form() -> bool:
    """Fetch what the form shows. Returns True while it is too early to ask for the price."""
    if session.is_loading():
        return True
    from .create import form_panel

    is_early = form_panel.ask_price()
    prompt_operators.prepare()
    return is_early


def _supply_library() -> bool:
    from .library_browser import entries

    return entries.supply()


def _catch_up_bar() -> bool:
    from .asset_bar import bar

    return bar.catch_up()


def _follow_jobs() -> None:
    """Subscribe to jobs: what they cost, what they show, and where their results go."""
    from . import icons
    from .account import billing_watch
    from .account import panel as account_panel
    from .pricing import price_dialog
    from .review import review_card

    heartbeat.on_jobs_changed(billing_watch.catch_up)
    heartbeat.on_jobs_changed(billing_watch.refresh_after_costs)
    heartbeat.on_answers(billing_watch.catch_up)
    visibility.when_drawn("usage", account_panel.catch_up)
    heartbeat.before_redraw(price_dialog.refresh)
    heartbeat.on_file_loaded(price_dialog.forget)
    heartbeat.on_jobs_changed(review_card.follow)
    visibility.when_redrawn(price_dialog.redraw_popups)
    heartbeat.on_jobs_changed(icons.catch_up)


def _follow_list() -> None:
    """Keep the list of jobs up to date, import results at a beat, and show where they will be."""
    from .job_list import auto_import, grouped_jobs, placed_results
    from .viewport import targets

    heartbeat.before_redraw(targets.follow)
    _append(*placed_results.HANDLERS)
    _add(placed_results.look_soon, placed_results.stop)
    heartbeat.on_beat(
        auto_import.poll,
        is_waiting=auto_import.is_background_busy,
        is_due_soon=auto_import.is_due_soon,
    )
    heartbeat.on_beat(auto_import.import_ready, is_waiting=auto_import.is_waiting)
    heartbeat.on_jobs_changed(auto_import.warm_up)
    heartbeat.before_redraw(grouped_jobs.prepare)
    session.on_service_opened(placed_results.open_with)
    heartbeat.on_file_loaded(placed_results.file_opened)
    heartbeat.on_file_loaded(targets.file_opened)  # after it: only now it is known whose file it is
    heartbeat.before_redraw(placed_results.follow)
    session.on_service_opened(grouped_jobs.prepare)
    visibility.when_drawn("jobs", grouped_jobs.check)


def _follow_library() -> None:
    """Update the entries from the jobs."""
    from .asset_bar import bar  # noqa: F401 - so that opening the bar imports nothing
    from .library_browser import entries

    heartbeat.on_jobs_changed(entries.catch_up)
    heartbeat.on_answers(entries.catch_up)
    heartbeat.before_redraw(entries.prepare)
    session.on_account_changed(entries.current_library)


def _add(do: Callable[[], object], undo: Callable[[], object]) -> None:
    """Do something and remember how to undo it; if it fails, it is undone as far as possible."""
    try:
        do()
    except Exception:
        with suppress(Exception):
            undo()
        raise
    _undo.append(undo)


def _add_classes(*sources: type | ModuleType) -> None:
    """Register classes; of a module, those that it defines for Blender, in their order."""
    for source in sources:
        if isinstance(source, ModuleType):
            own = [
                value
                for name, value in vars(source).items()
                if name.startswith("MINT_") and value.__module__ == source.__name__
            ]
            _add_classes(*own)
            continue
        is_described = "bl_description" in vars(source)
        if issubclass(source, bpy.types.Operator | bpy.types.Menu) and not is_described:
            # the docstring is the tooltip: Blender adds a full stop
            source.bl_description = " ".join(str(source.__doc__).split()).removesuffix(".")
        _add(partial(bpy.utils.register_class, source), partial(bpy.utils.unregister_class, source))


def _add_keys(name: str, space_type: Any, add: Callable[[bpy.types.KeyMapItems], None]) -> None:
    """Add keys to the keymap with this name.

    That is done in the configuration of add-ons: Blender clears its own after it has loaded
    preferences.
    """
    config = bpy.context.window_manager.keyconfigs.addon
    if config is None:  # there is no window
        return
    items = config.keymaps.new(name, space_type=space_type, region_type="WINDOW").keymap_items
    before = {item.id for item in items}
    add(items)
    _add(lambda: None, partial(_clear_keys, items, before))


def _clear_keys(items: bpy.types.KeyMapItems, before: set[int]) -> None:
    """Remove all keys but those from before, which another add-on may have added."""
    for item in list(items):
        if item.id not in before:
            items.remove(item)


def _append(*pairs: tuple[Any, Callable[..., None]]) -> None:
    """Append functions to menus and headers, which they draw into, and to lists of handlers."""
    for owner, function in pairs:
        _add(partial(owner.append, function), partial(_remove, owner, function))


def _remove(owner: Any, function: Callable[..., None]) -> None:
    with suppress(ValueError):  # something else has removed it
        owner.remove(function)


def _add_property(name: str, value: Any, owner: Any = bpy.types.WindowManager) -> None:
    """Add a property; those of the window manager are not saved with a .blend."""
    _add(partial(setattr, owner, name, value), partial(delattr, owner, name))
