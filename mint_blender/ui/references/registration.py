# SPDX-License-Identifier: GPL-3.0-or-later
"""Register the list of reference images."""

from __future__ import annotations

import bpy

from ..registry import Registry
from . import operators, panel, properties

_parts = Registry()


def register() -> None:
    """Register it."""
    _parts.add_classes(*operators.CLASSES, panel.MINT_PT_references)
    _parts.add_property(
        "mint_references", bpy.props.CollectionProperty(type=properties.MintReference)
    )


def unregister() -> None:
    """Undo `register`."""
    _parts.undo_all()
