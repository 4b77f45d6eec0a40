# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell's and the script's way in: the same commands as `python3 -m mint_blender` and `blender
--command mint`.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command, by default the one that this process was started with; returns the exit
    status.
    """
    from . import commands

    return commands.from_shell() if arguments is None else commands.main(arguments)
