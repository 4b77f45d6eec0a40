# SPDX-License-Identifier: GPL-3.0-or-later
"""Register the panel of the selected result."""

from __future__ import annotations

from ..registry import Registry
from . import operators, panel, selected

_parts = Registry()


def register() -> None:
    """Register it, and follow changes of the file."""
    _parts.add_classes(*operators.CLASSES, *panel.CLASSES)
    _parts.add(selected.add, selected.remove)


def unregister() -> None:
    """Undo `register`."""
    _parts.undo_all()
