# SPDX-License-Identifier: GPL-3.0-or-later
"""`python3 -m scripts.sample_assets [NAME]…`: make all files, or those of a shape or `world`."""

from __future__ import annotations

import argparse
import os
import sys

from tests.mint_service.asset_generator import FOLDER
from tests.mint_service.prompt_words import FIGURES, SHAPES

from . import figure_body, models, world


def main() -> None:
    """Make the files."""
    parser = argparse.ArgumentParser(prog="python3 -m scripts.sample_assets", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", default=[*SHAPES, *FIGURES, "world"])
    for name in parser.parse_args().names:
        folder = FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        if name == "world":
            world.make(folder)
        else:
            models.make(name, folder)
        if name in FIGURES:
            figure_body.make(folder)


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # some bpy wheels hang or crash while the interpreter exits
