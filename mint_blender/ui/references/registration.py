# SPDX-License-Identifier: GPL-3.0-or-later
"""Register the list of reference images."""

from __future__ import annotations

import bpy

from ..registry import Registry
from . import operators, properties

_parts = Registry()


def register() -> None:
    """Register it."""
    _parts.add_classes(*operators.CLASSES)
    _parts.add_property(
        "mint_references", bpy.props.CollectionProperty(type=properties.MintReference)
    )


def unregister() -> None:
    """Undo `register`."""
    _parts.undo_all()
