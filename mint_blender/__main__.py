# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the command line: `python3 -m mint_blender`."""

import sys


def _run() -> int:
    from .cli import main

    return main()


if __name__ == "__main__":
    sys.exit(_run())
