# SPDX-License-Identifier: GPL-3.0-or-later
"""Register the form and what generates from it."""

from __future__ import annotations

import bpy

from .. import heartbeat, panel, visibility
from ..registry import Registry
from . import batch_text, operators, prompt_operators, saved_settings
from .properties import MintForm

_parts = Registry()


def register() -> None:
    """Register them; the form gets its saved settings when a file is opened."""
    _parts.add_classes(
        MintForm,
        *operators.CLASSES,
        *prompt_operators.CLASSES,
        *batch_text.CLASSES,
        panel.MINT_PT_main,
    )
    _parts.add_property("mint", bpy.props.PointerProperty(type=MintForm))
    _parts.add(batch_text.add_to_menu, batch_text.remove_from_menu)
    heartbeat.on_file_loaded(saved_settings.restore)
    visibility.when_drawn("form", _prepare_form)
    visibility.when_drawn("styles", _prepare_styles)


def _prepare_form() -> bool:
    """Fetch what the form shows. Returns True while it is too early to ask for the price."""
    from . import form_price, prompts, styles

    styles.prepare()
    is_early = form_price.ask()
    prompts.prepare()
    return is_early


def _prepare_styles() -> bool:
    """Read the style presets that the preferences show."""
    from . import styles

    styles.prepare()
    return False


def unregister() -> None:
    """Undo `register`."""
    _parts.undo_all()
