# SPDX-License-Identifier: GPL-3.0-or-later
"""What a feature registers with Blender, remembered so that all of it can be undone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import bpy

from . import session


class Registry:
    """Everything that one feature has registered, in order."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], object]] = []

    def add(self, do: Callable[[], object], undo: Callable[[], object]) -> None:
        """Do something and remember how to undo it.

        If it fails halfway, it is undone as far as possible and the error is passed on.
        """
        try:
            do()
        except Exception:
            with suppress(Exception):
                undo()
            raise
        self._undo.append(undo)

    def add_classes(self, *classes: type) -> None:
        """Register classes with Blender."""
        for each in classes:
            self.add(
                partial(bpy.utils.register_class, each), partial(bpy.utils.unregister_class, each)
            )

    def add_property(self, name: str, value: Any) -> None:
        """Add a property to the window manager, which is not saved with a .blend."""
        owner = bpy.types.WindowManager
        self.add(partial(setattr, owner, name, value), partial(delattr, owner, name))

    def undo_all(self) -> None:
        """Undo everything, the last first. What fails is logged and stops nothing else."""
        while self._undo:
            undo = self._undo.pop()
            try:
                undo()
            except Exception:  # the rest must still be undone
                log = session.logger(__name__)
                log.exception("A part of the add-on could not be unregistered")
