# SPDX-License-Identifier: GPL-3.0-or-later
"""The targets, one module for each subject; each has its own in `TARGETS`."""

from __future__ import annotations

import importlib
import pkgutil

from ..target import Target

TARGETS: tuple[Target, ...] = tuple(
    target
    for module in sorted(each.name for each in pkgutil.iter_modules(__path__))
    for target in importlib.import_module(f"{__name__}.{module}").TARGETS
)
BY_NAME = {target.name: target for target in TARGETS}
