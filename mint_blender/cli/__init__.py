# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line, started from a shell or from Blender's `--command mint`.

It knows jobs and how results are written to files. It must not know the user interface, and it
imports Blender only inside functions, since most commands also work without Blender.
"""

from __future__ import annotations

import gc
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; by default this process's command."""
    if arguments is None:
        gc.set_threshold(50_000)  # looking for garbage while modules are loaded takes a tenth more
    from . import commands

    return commands.from_shell() if arguments is None else commands.main(arguments)
