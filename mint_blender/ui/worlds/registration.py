# SPDX-License-Identifier: GPL-3.0-or-later
"""Register the World panel and menu, and looking inside a World."""

from __future__ import annotations

from ..registry import Registry
from . import look_inside, operators, panel, properties, view_operators

_parts = Registry()


def register() -> None:
    """Register them."""
    _parts.add_classes(
        *operators.CLASSES, *look_inside.CLASSES, *view_operators.CLASSES, *panel.CLASSES
    )
    _parts.add(properties.add, properties.remove)
    _parts.add(panel.add_to_menus, panel.remove_from_menus)
    _parts.add(look_inside.add_handler, look_inside.remove_handler)


def unregister() -> None:
    """Undo `register`."""
    _parts.undo_all()
